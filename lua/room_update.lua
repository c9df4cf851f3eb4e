-- Changes a room's description, topic, visibility or retention.
-- KEYS  1 the room
-- ARGV  1 by  2 via  3 `1` for a site administrator  4… field and value in turn, then, when given, request
-- Result {ok, id of roomupdated, visibility before}
-- Errors not_found, not_a_member, banned, forbidden: neither owner nor moderator (retention and visibility: owner)
--- include append
--- include access
--- include once
local key, by = KEYS[1], ARGV[1]
local request = #ARGV % 2 == 0 and table.remove(ARGV) or nil
local first = answered(key, request)
if first then return first end
local now = now_ms()
local refused = unreadable(key, by, ARGV[3], now)
if refused then return {refused} end
local rank_of = rank(key, by, ARGV[3])
if rank_of == 0 then return {'not_a_member'} end
local before, changed = redis.call('HGET', key, 'visibility'), {}
for i = 4, #ARGV, 2 do
  changed[#changed + 1] = ARGV[i] == 'retention_ms' and 'retention_days' or ARGV[i]
  local needed = (ARGV[i] == 'description' or ARGV[i] == 'topic') and 2 or 3
  if rank_of < needed then return {'forbidden'} end
end
redis.call('HSET', key, unpack(ARGV, 4))
local room = redis.call('HMGET', key, 'description', 'topic', 'visibility')
local id = append(key, state_of(key), now, {'type', 'roomupdated', 'from', by, 'via', ARGV[2],
  'description', room[1], 'topic', room[2], 'visibility', room[3], 'changed', table.concat(changed, ' ')}, 0)
return answer(key, request, {'ok', id, before})
