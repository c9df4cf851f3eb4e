-- Deletes a room: leaves a tombstone (seq, head, last_ms) and a log of only `roomdeleted`.
-- KEYS  1 the room
-- ARGV  1 by  2 via  3 `1` for a site administrator  4 request
-- Result {ok, id of roomdeleted, member, …}: the members it had, at most 10,000, whose indexes can be cleaned; readers drop the rest
-- Errors not_found, not_a_member, banned, forbidden: not the owner
--- include append
--- include access
--- include once
--- include sent
--- include forget
local key, by = KEYS[1], ARGV[1]
local before = answered(key, ARGV[4])
if before then return before end
local now = now_ms()
local refused = unreadable(key, by, ARGV[3], now)
if refused then return {refused} end
local rank_of = rank(key, by, ARGV[3])
if rank_of == 0 then return {'not_a_member'} end
if rank_of < 3 then return {'forbidden'} end
local state = state_of(key)
state[4] = false
local members = redis.call('ZRANGE', key .. ':members', 0, -1)
for _, user in ipairs(members) do forget_member(key, user) end
forget(key)
redis.call('DEL', key)
redis.call('HSET', key, 'deleted', string.format('%.0f', now))
local id = append(key, state, now, {'type', 'roomdeleted', 'from', by, 'via', ARGV[2]}, 0)
local result = {'ok', id}
for i = 1, math.min(#members, 10000) do result[i + 2] = members[i] end
return answer(key, ARGV[4], result)
