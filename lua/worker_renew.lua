-- A worker says of itself that it lives. The first half of renewing the lease; the second is workers_lease.
-- KEYS  1 the worker
-- ARGV  1 lease ms  2 `1` for the first time  3… field and value in turn (host, pid, version, started, counts)
-- Result {ok}
-- Errors not_found: it was declared dead (somebody reaps or has reaped it) and must take a new id
--- include time
local key = KEYS[1]
if ARGV[2] ~= '1' then
  local worker = redis.call('HMGET', key, 'lease', 'reaper')
  if not worker[1] or worker[2] then return {'not_found'} end
end
redis.call('HSET', key, 'lease', string.format('%.0f', now_ms() + ARGV[1]), unpack(ARGV, 3))
return {'ok'}
