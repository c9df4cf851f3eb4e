-- Notes a NATS user key that was handed out, so that it can be revoked with the login that it came from.
-- KEYS  1 the user
-- ARGV  1 the public key  2 the login's family, or empty  3 generation of tokens  4 when it expires, seconds  5 keys at most: the
--       NATS server takes all that are revoked in one message
-- Result {ok}
-- Errors rate_limited (ms): there are so many that have not expired
-- Those that have expired are dropped.
--- include time
local key, most = KEYS[1] .. ':nats', tonumber(ARGV[5])
local now = math.floor(now_ms() / 1000)
local all, left, first = redis.call('HGETALL', key), 0, math.huge
for i = 1, #all, 2 do
  local expires = tonumber(all[i + 1]:match('^(%d+)'))
  if expires < now then redis.call('HDEL', key, all[i])
  elseif all[i] ~= ARGV[1] then left, first = left + 1, math.min(first, expires) end
end
if left >= most then return {'rate_limited', string.format('%.0f', (first + 1 - now) * 1000)} end
redis.call('HSET', key, ARGV[1], ARGV[4] .. ' ' .. ARGV[3] .. ' ' .. ARGV[2])
redis.call('EXPIRE', key, math.max(1, ARGV[4] - now))
return {'ok'}
