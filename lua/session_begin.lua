-- Notes a session of a user. The worker has it in its own set already.
-- KEYS  1 the user
-- ARGV  1 `<worker>/<channel>/<n>`  2 address  3 live workers, by spaces (this one among them)
-- Result {ok, changed (1: a channel came online), version, channels by commas, status, text}
-- Errors not_found: no account
--- include time
--- include presence
local key, entry = KEYS[1], ARGV[1]
local user = redis.call('HMGET', key, 'created', 'presence_version', 'status', 'status_text')
if not user[1] then return {'not_found'} end
local channel = entry:match('^[^/]+/([^/]+)/')
-- The same request again, after its answer was lost, changes what it changed.
local again = redis.call('HSET', key .. ':sessions', entry, string.format('%d %s', now_ms(), ARGV[2])) == 0
local channels, before = online_channels(key, ARGV[3], entry)
local changed = not before[channel]
if changed then
  channels[#channels + 1] = channel
  table.sort(channels)
end
local version = changed and not again and redis.call('HINCRBY', key, 'presence_version', 1) or user[2] or '0'
return {'ok', changed and '1' or '0', tostring(version), table.concat(channels, ','), user[3] or 'online', user[4] or ''}
