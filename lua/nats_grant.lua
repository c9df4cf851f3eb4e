-- Notes a NATS user key that was handed out, so that it can be revoked with the login that it came from.
-- KEYS  1 the user
-- ARGV  1 the public key  2 the login's family, or empty  3 generation of tokens  4 when it expires, seconds
-- Result {ok}
-- Those that have expired are dropped.
--- include time
local key = KEYS[1] .. ':nats'
local now = math.floor(now_ms() / 1000)
local all = redis.call('HGETALL', key)
for i = 1, #all, 2 do
  if tonumber(all[i + 1]:match('^(%d+)')) < now then redis.call('HDEL', key, all[i]) end
end
redis.call('HSET', key, ARGV[1], ARGV[4] .. ' ' .. ARGV[3] .. ' ' .. ARGV[2])
redis.call('EXPIRE', key, math.max(1, ARGV[4] - now))
return {'ok'}
