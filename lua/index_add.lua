-- Notes a conversation in a user's index, before the script that decides on membership.
-- KEYS  1 the user
-- ARGV  1 `room/<R>` or `dm/<A>:<B>`
-- Result {ok}
-- Errors not_found: no such account
--- include time
local key = KEYS[1]
local user = redis.call('HMGET', key, 'created', 'deleted')
if not user[1] or user[2] then return {'not_found', 'no such user'} end
if redis.call('ZADD', key .. ':rooms', 'NX', string.format('%.0f', now_ms()), ARGV[1]) == 1 then
  redis.call('HINCRBY', key, 'version', 1)
end
return {'ok'}
