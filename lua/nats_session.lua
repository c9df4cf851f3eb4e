-- Who holds an event session over NATS.
-- KEYS  1 the user
-- ARGV  1 the session's name
-- Result {ok, holder or empty, its address, generation}
-- Errors not_found
local was = redis.call('HMGET', KEYS[1] .. ':nats:' .. ARGV[1], 'holder', 'address', 'generation')
if not was[3] then return {'not_found'} end
return {'ok', was[1] or '', was[2] or '', was[3]}
