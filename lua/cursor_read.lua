-- A baseline of cursors, which is in use again from now on. That is noted when an eighth of its time is gone, so it is kept
-- for so much longer than it has to be.
-- KEYS  1 the user
-- ARGV  1 the baseline's id  2 how long it is kept, ms
-- Result {ok, lines `<conversation> <id>`}
-- Errors not_found: unknown, too old, or another user's
local baseline, ttl = KEYS[1] .. ':cursor:' .. ARGV[1], tonumber(ARGV[2])
local text = redis.call('GET', baseline)
if not text then return {'not_found'} end
if redis.call('PTTL', baseline) < ttl * 7 / 8 then
  --- include time
  local all = KEYS[1] .. ':cursors'
  redis.call('PEXPIRE', baseline, ttl)
  redis.call('ZADD', all, now_ms(), ARGV[1])
  redis.call('PEXPIRE', all, ttl)
end
return {'ok', text}
