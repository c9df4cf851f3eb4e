-- Sets a new password: all refresh tokens and sessions but the one that asked for it end.
-- KEYS  1 the user
-- ARGV  1 password (PHC string)  2 family to keep or empty  3 session to keep or empty
-- Result {ok, token generation}
-- Errors not_found
--- include publish
--- include account
local key, keep = KEYS[1], ARGV[2]
if not exists(key) then return {'not_found', 'no such user'} end
if redis.call('HGET', key, 'password') == ARGV[1] then return {'ok', redis.call('HGET', key, 'generation')} end
redis.call('HSET', key, 'password', ARGV[1])
local kept = keep ~= '' and redis.call('HGET', key .. ':refresh', keep)
redis.call('DEL', key .. ':refresh')
if kept then redis.call('HSET', key .. ':refresh', keep, kept) end
local generation = redis.call('HINCRBY', key, 'generation', 1)
account_changed(key, ARGV[3])
return {'ok', tostring(generation)}
