-- A room as a user sees it.
-- KEYS  1 the room
-- ARGV  1 user  2 `1` for a site administrator
-- Result {ok, description, topic, visibility, created_by, created ms, members, role or empty for no member, head, n}
-- Errors not_found, banned
--- include time
--- include access
local key, user = KEYS[1], ARGV[1]
local refused = unreadable(key, user, ARGV[2], now_ms())
if refused then return {refused} end
local room = redis.call('HMGET', key, 'description', 'topic', 'visibility', 'created_by', 'created', 'head', 'n')
local role = ''
if member(key, user) then role = redis.call('HGET', key .. ':roles', user) or 'member' end
return {'ok', room[1] or '', room[2] or '', room[3] or '', room[4] or '', room[5], redis.call('ZCARD', key .. ':members'),
  role, room[6] or '0-0', room[7] or '0'}
