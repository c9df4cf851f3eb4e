-- Gives a member another role.
-- KEYS  1 the room
-- ARGV  1 user  2 by  3 via  4 `1` for a site administrator  5 role: owner, moderator or member  6 request
-- Result {ok, id of roomupdated or empty when they had that role}
-- Errors not_found (the room, or no such member), not_a_member, banned, forbidden: not the owner
--- include append
--- include access
--- include once
local key, user, by, role = KEYS[1], ARGV[1], ARGV[2], ARGV[5]
local before = answered(key, ARGV[6])
if before then return before end
local refused = unreadable(key, by, ARGV[4], now_ms())
if refused then return {refused} end
local had = member(key, user) and (redis.call('HGET', key .. ':roles', user) or 'member')
if role == had then return {'ok', ''} end
if not had and role == 'member' then return {'not_found', 'no such member'} end -- what everybody can be made by an invitation
local mine = rank(key, by, ARGV[4])
if mine == 0 then return {'not_a_member'} end
if mine < 3 then return {'forbidden'} end
if not had then return {'not_found', 'no such member'} end
if role == 'member' then redis.call('HDEL', key .. ':roles', user) else redis.call('HSET', key .. ':roles', user, role) end
local id = append(key, state_of(key), now_ms(), {'type', 'roomupdated', 'from', by, 'via', ARGV[3], 'user', user,
  'role', role}, 0)
return answer(key, ARGV[6], {'ok', id})
