-- An account, as its profile shows it.
-- KEYS  1 the user
-- Result {ok, display name, role, created ms, disabled (0 or 1), [`<worker>/<channel>/<n>`, `<since ms> <address>`, …],
--        [family, its text, …]}
-- Errors not_found
--- include account
local key = KEYS[1]
if not exists(key) then return {'not_found', 'no such user'} end
local user = redis.call('HMGET', key, 'display_name', 'role', 'created', 'disabled')
return {'ok', user[1] or '', user[2] or 'user', user[3], user[4] and '1' or '0', redis.call('HGETALL', key .. ':sessions'),
  redis.call('HGETALL', key .. ':refresh')}
