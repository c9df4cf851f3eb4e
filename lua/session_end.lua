-- Forgets a session of a user: when it ended and its grace is over, or when its worker died. Repeated, it answers the same
-- with the same version.
-- KEYS  1 the user
-- ARGV  1 `<worker>/<channel>/<n>`  2 live workers, by spaces (a dead one that is being reaped not among them)
-- Result {ok, changed (1: a channel went offline), version, channels by commas, status, text}
--- include time
--- include presence
local key, entry = KEYS[1], ARGV[1]
local channel = entry:match('^[^/]+/([^/]+)/')
local there = redis.call('HDEL', key .. ':sessions', entry) == 1
local channels, after = online_channels(key, ARGV[2])
local changed = not after[channel]
local user = redis.call('HMGET', key, 'presence_version', 'status', 'status_text')
if changed and there and user[2] ~= 'offline' then redis.call('HSET', key, 'last_seen', string.format('%.0f', now_ms())) end
local version = changed and there and redis.call('HINCRBY', key, 'presence_version', 1) or user[1] or '0'
return {'ok', changed and '1' or '0', tostring(version), table.concat(channels, ','), user[2] or 'online', user[3] or ''}
