-- Makes a user a member: by joining a public room, or by a member's invitation. The user's index has the room already.
-- KEYS  1 the room
-- ARGV  1 user  2 by (the same when joining)  3 via  4 `1` for a site administrator  5 request
-- Result {ok, id of userjoined or empty, joined | already}
-- Errors not_found, banned, not_a_member: the inviter is none
--- include append
--- include access
--- include once
--- include sent
local key, user, by = KEYS[1], ARGV[1], ARGV[2]
local before = answered(key, ARGV[5])
if before then return before end
local now = now_ms()
local refused = unreadable(key, by, ARGV[4], now)
if refused then return {refused} end
if member(key, user) then return {'ok', '', 'already'} end
if user ~= by and rank(key, by, ARGV[4]) == 0 then return {'not_a_member'} end
if banned(key, user, now) then return {'banned', user ~= by and 'this user is banned from the room' or nil} end
local state = state_of(key)
redis.call('ZADD', key .. ':members', tonumber(state[4]) or 0, user)
redis.call('ZADD', key .. ':names', 0, user)
redis.call('HSET', key .. ':joined', user, state[2] or '0-0')
redis.call('HDEL', key .. ':left', user)
local sent, earlier = sent_keys(key, user)
redis.call('PERSIST', sent)
redis.call('PERSIST', earlier)
local id = append(key, state, now, {'type', 'userjoined', 'from', by, 'via', ARGV[3], 'user', user, 'by', by}, 0)
publish('wcc:user:{' .. user .. '}', transient(),
  {'type', 'conversationadded', 'target', 'wcchat://rooms/' .. key:match('{(.*)}')})
return answer(key, ARGV[5], {'ok', id, 'joined'})
