-- What a user's presence is. Entries of workers without a lease do not count.
-- KEYS  1 the user
-- ARGV  1 live workers, by spaces
-- Result {ok, status, text, channels by commas, ms since last seen or empty when never or online, version};
--        who has the status `offline` was last seen when they set it
-- Errors not_found
--- include time
--- include presence
local key = KEYS[1]
local user = redis.call('HMGET', key, 'status', 'status_text', 'last_seen', 'presence_version', 'created', 'deleted')
if not user[5] or user[6] then return {'not_found', 'no such user'} end
local channels = online_channels(key, ARGV[1])
local ago = ''
if (#channels == 0 or user[1] == 'offline') and user[3] then ago = string.format('%.0f', math.max(0, now_ms() - tonumber(user[3]))) end
return {'ok', user[1] or 'online', user[2] or '', table.concat(channels, ','), ago, user[4] or '0'}
