-- Closes a direct conversation for good, when one of its two accounts is deleted: it can be read, not written.
-- KEYS  1 the conversation
-- Result {ok}
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'closed', '1') end
return {'ok'}
