-- Lifts a ban.
-- KEYS  1 the room
-- ARGV  1 user  2 by  3 `1` for a site administrator  4 request
-- Result {ok}
-- Errors not_found (the room, or no such ban), not_a_member, banned: `by` is, forbidden: neither owner nor moderator
--- include time
--- include access
--- include once
local key, user = KEYS[1], ARGV[1]
local before = answered(key, ARGV[4])
if before then return before end
local now = now_ms()
local refused = unmanageable(key, ARGV[2], ARGV[3], now)
if refused then return {refused} end
local there = banned(key, user, now)
redis.call('HDEL', key .. ':bans', user)
return answer(key, ARGV[4], there and {'ok'} or {'not_found', 'no such ban'})
