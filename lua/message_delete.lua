-- Deletes a message: readers of the history find neither it nor its edits. Its entry stays, so that the chain does; what is
-- secret is removed with message_remove.
-- KEYS  1 the conversation
-- ARGV  1 by  2 via  3 `1` for a site administrator  4 message  5 request
-- Result {ok, id of messagedeleted}
-- Errors not_found (the conversation, or no such message), not_a_member, banned, forbidden: another's, and no moderator
--- include append
--- include access
--- include chain
--- include folded
--- include once
local key, by, id = KEYS[1], ARGV[1], ARGV[4]
local before = answered(key, ARGV[5])
if before then return before end
local now = now_ms()
local direct = key:sub(1, 7) == 'wcc:dm:'
local admin = direct and '0' or ARGV[3] -- what two people said to each other is theirs
local refused = unreadable(key, by, admin, now)
if refused then return {refused} end
local mine = rank(key, by, admin)
if mine == 0 then return {'not_a_member'} end
local message = writable(key) and message_of(key, id)
if not message then return {'not_found', 'no such message'} end
if field(message, 'from') ~= by and mine < 2 then return {'forbidden', 'only their author and moderators delete messages'} end
for user in (field(message, 'mentions') or ''):gmatch('%S+') do redis.call('ZREM', key .. ':mentions:' .. user, id) end
local event = append(key, state_of(key), now, {'type', 'messagedeleted', 'from', by, 'via', ARGV[2], 'id', id}, 0)
unfold(key, id)
redis.call('HSET', key .. ':edits', id, event)
unfold_trimmed(key)
return answer(key, ARGV[5], {'ok', event})
