-- Begins a family of refresh tokens: a login.
-- KEYS  1 the user
-- ARGV  1 family  2 digest of the token  3 lifetime ms  4 address or -  5 agent  6 families at most: the longest unused goes
-- Result {ok, generation, role}
-- Errors unauthenticated: no such account, or disabled
--- include time
--- include publish
--- include account
local key, now = KEYS[1], now_ms()
if not exists(key) or redis.call('HGET', key, 'disabled') then return {'unauthenticated'} end
local refresh, all, live = key .. ':refresh', redis.call('HGETALL', key .. ':refresh'), {}
for i = 1, #all, 2 do
  local f = family_read(all[i + 1])
  if f.expires <= now then
    redis.call('HDEL', refresh, all[i])
  elseif all[i] ~= ARGV[1] then
    live[#live + 1] = {all[i], tonumber(f.used)}
  end
end
table.sort(live, function(a, b) return a[2] > b[2] end)
for i = tonumber(ARGV[6]), #live do
  redis.call('HDEL', refresh, live[i][1])
  account_changed(key)
end
local ms = string.format('%.0f', now)
redis.call('HSET', refresh, ARGV[1], family_text({digest = ARGV[2], before = '-', since = ms, used = ms,
  expires = now + ARGV[3], address = ARGV[4], agent = ARGV[5]}))
local user = redis.call('HMGET', key, 'generation', 'role')
return {'ok', user[1], user[2] or 'user'}
