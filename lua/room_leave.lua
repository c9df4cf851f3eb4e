-- Ends a membership: by leaving, or by being kicked. Afterwards the caller takes the room out of the user's index.
-- KEYS  1 the room
-- ARGV  1 user  2 by (the same when leaving)  3 via  4 `1` for a site administrator  5 reason or empty  6 request
-- Result {ok, id of userleft}
-- Errors not_found (the room, or no such member to kick), not_a_member, banned, forbidden: no higher role than the kicked
--- include append
--- include access
--- include once
--- include sent
local key, user, by = KEYS[1], ARGV[1], ARGV[2]
local before = answered(key, ARGV[6])
if before then return before end
local now = now_ms()
local refused = unreadable(key, by, ARGV[4], now)
if refused then return {refused} end
if user == by then
  if not member(key, user) then return {'not_a_member'} end
else
  local mine = rank(key, by, ARGV[4])
  if mine == 0 then return {'not_a_member'} end
  if mine < 2 then return {'forbidden'} end
  local theirs = rank(key, user, '0')
  if theirs == 0 then return {'not_found', 'no such member'} end
  if theirs >= mine then return {'forbidden'} end
end
redis.call('ZREM', key .. ':members', user)
redis.call('ZREM', key .. ':names', user)
redis.call('HDEL', key .. ':joined', user)
redis.call('HDEL', key .. ':roles', user)
redis.call('DEL', key .. ':mentions:' .. user)
local sent, earlier = sent_keys(key, user)
redis.call('EXPIRE', sent, 3600)
redis.call('EXPIRE', earlier, 3600)
local fields = {'type', 'userleft', 'from', by, 'via', ARGV[3], 'user', user, 'by', by}
if ARGV[5] ~= '' then fields[#fields + 1], fields[#fields + 2] = 'reason', ARGV[5] end
local id = append(key, state_of(key), now, fields, 0)
redis.call('HSET', key .. ':left', user, id)
publish('wcc:user:{' .. user .. '}', transient(),
  {'type', 'conversationremoved', 'target', 'wcchat://rooms/' .. key:match('{(.*)}')})
return answer(key, ARGV[6], {'ok', id})
