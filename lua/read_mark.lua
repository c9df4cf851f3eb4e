-- Moves a member's read marker forward (never back) and tells the member's other sessions, and in a direct
-- conversation the peer.
-- KEYS  1 the conversation
-- ARGV  1 user  2 via  3 id read up to (any id; the last message at or before it counts)  4 target as the user names it
-- Result {ok, n read up to, moved (0 or 1)}
-- Errors not_found, not_a_member, banned
--- include time
--- include publish
--- include access
--- include chain
local key, user, id = KEYS[1], ARGV[1], ARGV[3]
local read = tonumber(member(key, user) or nil)
if not read then return {outsider(key, user, now_ms())} end
local entry = redis.call('XREVRANGE', key .. ':log', id, '-', 'COUNT', 1)[1]
local n = entry and tonumber(field(entry, 'n')) or 0
if n <= read then return {'ok', string.format('%.0f', read), '0'} end
redis.call('ZADD', key .. ':members', 'XX', 'GT', n, user)
redis.call('ZREMRANGEBYSCORE', key .. ':mentions:' .. user, '-inf', n)
local fields = {'type', 'messageread', 'from', user, 'via', ARGV[2], 'id', entry[1], 'target', ARGV[4]}
local unique = transient()
if key:sub(1, 7) == 'wcc:dm:' then
  publish(key, unique, fields)
else
  publish('wcc:user:{' .. user .. '}', unique, fields)
end
return {'ok', string.format('%.0f', n), '1'}
