-- Closes a direct conversation for good, when one of its two accounts is deleted: the other can read it, nobody write it. With
-- the second account it is gone: nobody could ever read it again.
-- KEYS  1 the conversation
-- ARGV  1 the user whose account is deleted
-- Result {ok}
--- include sent
--- include forget
local key, user = KEYS[1], ARGV[1]
if redis.call('EXISTS', key) == 0 then return {'ok'} end
redis.call('HSET', key, 'closed', '1')
if redis.call('ZREM', key .. ':members', user) == 1 then forget_member(key, user) end
if redis.call('EXISTS', key .. ':members') == 0 then
  forget(key)
  redis.call('DEL', key)
end
return {'ok'}
