-- A baseline of cursors, which is in use again from now on.
-- KEYS  1 the user
-- ARGV  1 the baseline's id  2 how long it is kept, ms
-- Result {ok, lines `<conversation> <id>`}
-- Errors not_found: unknown, too old, or another user's
--- include time
local key, id, ttl = KEYS[1], ARGV[1], tonumber(ARGV[2])
local text = redis.call('GETEX', key .. ':cursor:' .. id, 'PX', ttl)
if not text then return {'not_found'} end
redis.call('ZADD', key .. ':cursors', now_ms(), id)
redis.call('PEXPIRE', key .. ':cursors', ttl)
return {'ok', text}
