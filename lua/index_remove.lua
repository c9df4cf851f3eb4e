-- Takes a conversation out of a user's index, after the script that ended the membership, or because a reader found it stale.
-- KEYS  1 the user
-- ARGV  1 `room/<R>` or `dm/<A>:<B>`
-- Result {ok}
local key = KEYS[1]
if redis.call('ZREM', key .. ':rooms', ARGV[1]) == 1 then redis.call('HINCRBY', key, 'version', 1) end
return {'ok'}
