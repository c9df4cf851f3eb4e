-- What a worker keeps of a user while it holds sessions or tokens of them.
-- KEYS  1 the user
-- Result {ok, version, generation, usable (0: disabled or deleted), role, display name, password, [family, …], [index entry, …]}
-- Errors not_found
--- include time
--- include account
local key, now = KEYS[1], now_ms()
local user = redis.call('HMGET', key, 'version', 'generation', 'disabled', 'deleted', 'role', 'display_name', 'password')
if not user[1] then return {'not_found'} end
local families, all = {}, redis.call('HGETALL', key .. ':refresh')
for i = 1, #all, 2 do
  if family_read(all[i + 1]).expires > now then families[#families + 1] = all[i] end
end
return {'ok', user[1], user[2], (user[3] or user[4]) and '0' or '1', user[5] or 'user', user[6] or '', user[7] or '',
  families, redis.call('ZRANGE', key .. ':rooms', 0, -1)}
