-- Bans a user from a room, member or not; a member is removed at once. Banning again changes expiry and reason. Afterwards
-- the caller takes the room out of the user's index.
-- KEYS  1 the room
-- ARGV  1 user  2 by  3 via  4 `1` for a site administrator  5 reason or empty  6 expiry in ms, 0 for ever  7 request
-- Result {ok, id of userleft or empty for who was no member, banned | changed}
-- Errors not_found, not_a_member, banned: `by` is, forbidden: no higher role than the banned, bad_request: expired already
--- include append
--- include access
--- include once
--- include sent
--- include leave
local key, user, by = KEYS[1], ARGV[1], ARGV[2]
local before = answered(key, ARGV[7])
if before then return before end
local now = now_ms()
local refused = unreadable(key, by, ARGV[4], now) or protected(key, user, by, ARGV[4])
if refused then return {refused} end
if ARGV[6] ~= '0' and tonumber(ARGV[6]) <= now then return {'bad_request', 'expires: must be in the future'} end
local how = banned(key, user, now) and 'changed' or 'banned'
redis.call('HSET', key .. ':bans', user, ARGV[6] .. ' ' .. by .. ' ' .. ARGV[5])
local id = member(key, user) and end_membership(key, user, by, ARGV[3], ARGV[5], now) or ''
return answer(key, ARGV[7], {'ok', id, how})
