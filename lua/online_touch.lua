-- Notes a user's activity; a worker does it at most once a minute a user.
-- KEYS  1 wcc:online
-- ARGV  1 user  2 `1`: online, `0`: gone
-- Result {ok}
--- include time
if ARGV[2] == '1' then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now_ms()), ARGV[1])
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return {'ok'}
