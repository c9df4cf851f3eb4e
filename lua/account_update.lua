-- Changes what an account says of itself.
-- KEYS  1 the user
-- ARGV  field and value in turn (display_name)
-- Result {ok}
-- Errors not_found
--- include time
--- include publish
--- include account
local key = KEYS[1]
if not exists(key) then return {'not_found', 'no such user'} end
redis.call('HSET', key, unpack(ARGV))
return {'ok'}
