-- Claims a dead worker for reaping, for a time: if the reaper dies too, another takes over. From here on the worker
-- cannot renew its lease.
-- KEYS  1 the dead worker
-- ARGV  1 reaper  2 ms that the claim holds  3 sessions at most
-- Result {ok, `<user>/<channel>/<n>`, …}: some of the sessions it had, none when all are done
-- Errors conflict: it lives, or another reaps it
--- include time
local key, now = KEYS[1], now_ms()
local worker = redis.call('HMGET', key, 'lease', 'reaper', 'reap_until')
if worker[1] and tonumber(worker[1]) > now then return {'conflict'} end
if worker[2] and worker[2] ~= ARGV[1] and tonumber(worker[3]) > now then return {'conflict'} end
redis.call('HSET', key, 'reaper', ARGV[1], 'reap_until', string.format('%.0f', now + ARGV[2]))
local result = {'ok'}
for _, session in ipairs(redis.call('SRANDMEMBER', key .. ':sessions', ARGV[3])) do result[#result + 1] = session end
return result
