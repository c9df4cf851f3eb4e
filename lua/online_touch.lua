-- Notes users' activity; a worker does it at most once a minute a user.
-- KEYS  1 wcc:online
-- ARGV  1 `1`: online, `0`: gone  then each user, up to 128
-- Result {ok}
--- include time
if ARGV[1] == '1' then
  local now, scores = string.format('%.0f', now_ms()), {}
  for i = 2, #ARGV do scores[#scores + 1], scores[#scores + 2] = now, ARGV[i] end
  redis.call('ZADD', KEYS[1], unpack(scores))
else
  redis.call('ZREM', KEYS[1], unpack(ARGV, 2))
end
return {'ok'}
