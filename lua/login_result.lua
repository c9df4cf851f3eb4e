-- Counts a failed login, or forgets them after a good one.
-- KEYS  1 wcc:login:{u:<user>} or wcc:login:{a:<address>}
-- ARGV  1 `1`: good, `0`: failed  2 failures without a delay  3 longest delay ms
-- Result {ok, failures}: after the free ones the delay doubles from one second; all is forgotten after 15 quiet minutes
--- include time
local key = KEYS[1]
if ARGV[1] == '1' then
  redis.call('DEL', key)
  return {'ok', '0'}
end
local failures = redis.call('HINCRBY', key, 'failures', 1)
local over = failures - tonumber(ARGV[2])
if over > 0 then
  local delay = math.min(1000 * 2 ^ math.min(over - 1, 20), tonumber(ARGV[3]))
  redis.call('HSET', key, 'until', string.format('%.0f', now_ms() + delay))
end
redis.call('PEXPIRE', key, 900000 + tonumber(ARGV[3]))
return {'ok', tostring(failures)}
