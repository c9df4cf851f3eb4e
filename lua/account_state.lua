-- What an administrator decides of an account.
-- KEYS  1 the user
-- ARGV  1 disable | enable | admin | user | delete
-- Result {ok, [index entries of a deleted account]}
-- Errors not_found
--- include time
--- include publish
--- include account
local key, what = KEYS[1], ARGV[1]
if not exists(key) then
  -- Deleting it again, after the answer was lost or the rest was not finished, is the same.
  if what ~= 'delete' or not redis.call('HGET', key, 'deleted') then return {'not_found', 'no such user'} end
  return {'ok', redis.call('ZRANGE', key .. ':rooms', 0, -1)}
end
local rooms = {}
if what == 'disable' then
  redis.call('HSET', key, 'disabled', string.format('%.0f', now_ms()))
elseif what == 'enable' then
  redis.call('HDEL', key, 'disabled')
elseif what == 'delete' then
  rooms = redis.call('ZRANGE', key .. ':rooms', 0, -1)
  redis.call('HDEL', key, 'password', 'display_name', 'status', 'status_text')
  redis.call('HSET', key, 'deleted', string.format('%.0f', now_ms()))
else
  redis.call('HSET', key, 'role', what)
end
if what == 'disable' or what == 'delete' then
  redis.call('DEL', key .. ':refresh')
  redis.call('HINCRBY', key, 'generation', 1)
end
account_changed(key)
return {'ok', rooms}
