-- Adds NATS user keys to those that are revoked.
-- KEYS  1 wcc:nats:revoked
-- ARGV  key and when it expires (seconds), in turn; may be none
-- Result {ok, key, …}: all that are revoked and have not expired
--- include time
local now = math.floor(now_ms() / 1000)
for i = 1, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[i + 1], ARGV[i]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
local result = redis.call('ZRANGE', KEYS[1], 0, -1) -- maybe more than unpack can return
table.insert(result, 1, 'ok')
return result
