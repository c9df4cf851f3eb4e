-- Makes a room; its maker is its first member and owner. A room made again under the name of a deleted one continues its seq.
-- KEYS  1 the room
-- ARGV  1 maker, empty for a room without an owner  2 via  3 description  4 topic  5 visibility: public or private
--       6 request
-- Result {ok, id of roomcreated}
-- Errors conflict: exists
--- include append
--- include once
--- include sent
local key, by = KEYS[1], ARGV[1]
local before = answered(key, ARGV[6])
if before then return before end
local state = redis.call('HMGET', key, 'seq', 'head', 'last_ms', 'n', 'created', 'deleted')
if state[5] and not state[6] then return {'conflict', 'this room exists'} end
local now = now_ms()
state[4] = false
redis.call('HDEL', key, 'deleted', 'retention_messages', 'retention_ms')
redis.call('HSET', key, 'description', ARGV[3], 'topic', ARGV[4], 'visibility', ARGV[5], 'created_by', by,
  'created', string.format('%.0f', now), 'born', string.format('%.0f', (tonumber(state[1]) or 0) + 1))
if by ~= '' then
  redis.call('ZADD', key .. ':members', 0, by)
  redis.call('ZADD', key .. ':names', 0, by)
  redis.call('HSET', key .. ':joined', by, state[2] or '0-0')
  redis.call('HSET', key .. ':roles', by, 'owner')
  redis.call('UNLINK', sent_keys(key, by))
end
local id = append(key, state, now, {'type', 'roomcreated', 'from', by, 'via', ARGV[2], 'description', ARGV[3],
  'topic', ARGV[4], 'visibility', ARGV[5]}, 0)
if by ~= '' then
  publish('wcc:user:{' .. by .. '}', transient(),
    {'type', 'conversationadded', 'target', 'wcchat://rooms/' .. key:match('{(.*)}')})
end
return answer(key, ARGV[6], {'ok', id})
