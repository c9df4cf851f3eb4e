-- Uses a refresh token: it is worth one use. One that was used before ends its family: it may have been stolen
-- (RFC 9700 section 4.14.2). The same request again, after its answer was lost, is not a reuse.
-- KEYS  1 the user
-- ARGV  1 family  2 digest of the token  3 digest of the next  4 lifetime ms
-- Result {ok, generation, role}
-- Errors unauthenticated
--- include time
--- include publish
--- include account
local key, now = KEYS[1], now_ms()
local text = redis.call('HGET', key .. ':refresh', ARGV[1])
if not text or not exists(key) or redis.call('HGET', key, 'disabled') then return {'unauthenticated'} end
local f = family_read(text)
local again = f.digest == ARGV[3] and f.before == ARGV[2]
if f.expires <= now or (f.digest ~= ARGV[2] and not again) then
  redis.call('HDEL', key .. ':refresh', ARGV[1])
  account_changed(key)
  return {'unauthenticated', 'this refresh token was used before'}
end
f.digest, f.before, f.used, f.expires = ARGV[3], ARGV[2], string.format('%.0f', now), now + ARGV[4]
redis.call('HSET', key .. ':refresh', ARGV[1], family_text(f))
local user = redis.call('HMGET', key, 'generation', 'role')
return {'ok', user[1], user[2] or 'user'}
