-- Makes an account. A handle is never given out twice, not even after its account was deleted.
-- KEYS  1 the user
-- ARGV  1 display name  2 password (PHC string)  3 role: user or admin
-- Result {ok}
-- Errors conflict: the handle is taken
--- include time
local key = KEYS[1]
if redis.call('EXISTS', key) == 1 then
  -- The same request again, after its answer was lost.
  if redis.call('HGET', key, 'password') == ARGV[2] then return {'ok'} end
  return {'conflict', 'this handle is taken'}
end
redis.call('HSET', key, 'display_name', ARGV[1], 'password', ARGV[2], 'role', ARGV[3], 'created',
  string.format('%.0f', now_ms()), 'version', 1, 'generation', 1)
return {'ok'}
