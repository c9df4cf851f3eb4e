-- Sets what a user says of their presence.
-- KEYS  1 the user
-- ARGV  1 status: online, away, dnd or offline  2 text or empty  3 live workers, by spaces  4 request
-- Result {ok, version, channels by commas, changed (0 or 1)}
-- Errors not_found: no account, rate_limited (ms): each change is told to all conversations of the user
--- include time
--- include presence
--- include once
--- include rate
local RATE, BURST = 1, 20 -- changes a second in the long run, and at once
local key = KEYS[1]
local earlier = answered(key, ARGV[4])
if earlier then return earlier end
local before = redis.call('HMGET', key, 'status', 'status_text', 'presence_version', 'created', 'deleted')
if not before[4] or before[5] then return {'not_found'} end
local channels = table.concat(online_channels(key, ARGV[3]), ',')
if (before[1] or 'online') == ARGV[1] and (before[2] or '') == ARGV[2] then
  return {'ok', before[3] or '0', channels, '0'}
end
local now = now_ms()
local early = too_fast(key, 'presence', now, RATE, BURST)
if early then return {'rate_limited', early} end
redis.call('HSET', key, 'status', ARGV[1], 'status_text', ARGV[2])
-- Who hides is gone for others from here on, whenever their sessions end.
if ARGV[1] == 'offline' and before[1] ~= 'offline' and channels ~= '' then
  redis.call('HSET', key, 'last_seen', string.format('%.0f', now))
end
return answer(key, ARGV[4], {'ok', tostring(redis.call('HINCRBY', key, 'presence_version', 1)), channels, '1'})
