-- The workers, and those of them whose lease has lapsed.
-- KEYS  1 wcc:workers
-- Result {ok, expired, worker, worker, …}: the first `expired` ones have lapsed, the others live
--- include time
local now = string.format('%.0f', now_ms())
local dead = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
local result = {'ok', tostring(#dead)}
for _, worker in ipairs(dead) do result[#result + 1] = worker end
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do result[#result + 1] = worker end
return result
