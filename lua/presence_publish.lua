-- Hands a presence event to a conversation that the user is in, unless it is too large for that.
-- KEYS  1 the conversation
-- ARGV  1 user  2 members at most  3 payload, ready to be published
-- Result {ok, published (0 or 1)}
local members = KEYS[1] .. ':members'
if not redis.call('ZSCORE', members, ARGV[1]) or redis.call('ZCARD', members) > tonumber(ARGV[2]) then return {'ok', '0'} end
redis.call('PUBLISH', KEYS[1], ARGV[3])
return {'ok', '1'}
