-- Renews a worker's lease among the workers, or gives it up.
-- KEYS  1 wcc:workers
-- ARGV  1 worker  2 lease ms, 0 to give it up
-- Result {ok}
--- include time
if tonumber(ARGV[2]) > 0 then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now_ms() + ARGV[2]), ARGV[1])
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return {'ok'}
