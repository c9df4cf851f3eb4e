-- The client of an event session over NATS has asked its holder, or the holder lets it go.
-- KEYS  1 the user
-- ARGV  1 the session's name  2 generation  3 cursor: the place up to which events were sent, or empty for the old one
--       4 how long it is kept without a ping, ms  5 `1`: the holder lets it go
-- Result {ok, ms since the epoch}
-- Errors moved: somebody else holds it (2: its generation, 0 when it is forgotten)
--- include time
local key, now = KEYS[1] .. ':nats:' .. ARGV[1], string.format('%.0f', now_ms())
local generation = redis.call('HGET', key, 'generation') or '0'
if generation ~= ARGV[2] then return {'moved', generation} end
redis.call('HSET', key, 'ping', now)
if ARGV[3] ~= '' then redis.call('HSET', key, 'cursor', ARGV[3]) end
if ARGV[5] == '1' then redis.call('HSET', key, 'holder', '', 'address', '') end
redis.call('PEXPIRE', key, ARGV[4])
return {'ok', now}
