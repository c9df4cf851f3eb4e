-- Forgets a worker whose sessions are all gone; a worker that stops does it for itself.
-- KEYS  1 the worker
-- Result {ok, forgotten (0 or 1)}
if redis.call('SCARD', KEYS[1] .. ':sessions') > 0 then return {'ok', '0'} end
redis.call('DEL', KEYS[1])
return {'ok', '1'}
