-- Logs out: ends one family, or all of them with all sessions.
-- KEYS  1 the user
-- ARGV  1 family, or * for everywhere  2 digest of its token, or empty when the caller has proved to be the user
-- Result {ok, ended (0 or 1)}
-- Errors unauthenticated: the token is not the family's, or no such account
--- include time
--- include publish
--- include account
local key, refresh = KEYS[1], KEYS[1] .. ':refresh'
if not exists(key) then return {'unauthenticated'} end
if ARGV[1] == '*' then
  redis.call('DEL', refresh)
  redis.call('HINCRBY', key, 'generation', 1)
  account_changed(key)
  return {'ok', '1'}
end
local text = redis.call('HGET', refresh, ARGV[1])
if not text then return {'ok', '0'} end
local f = family_read(text)
if ARGV[2] ~= '' and ARGV[2] ~= f.digest and ARGV[2] ~= f.before then return {'unauthenticated'} end
redis.call('HDEL', refresh, ARGV[1])
account_changed(key)
return {'ok', '1'}
