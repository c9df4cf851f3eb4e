-- Keeps a baseline of cursors: where a session was in all of its conversations at one moment. Cursors name it and add what
-- moved since.
-- KEYS  1 the user
-- ARGV  1 the baseline's id  2 a line `<conversation> <id>` for each conversation, in the order that cursors count them in
--       3 how long it is kept, ms  4 baselines of one user at most  5 the id of one that nobody needs any more, or empty
-- Result {ok}
-- Past ARGV[4] those that were not used for the longest time are dropped.
--- include time
local key, id, ttl, most, done = KEYS[1], ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local all, now = key .. ':cursors', now_ms()
redis.call('SET', key .. ':cursor:' .. id, ARGV[2], 'PX', ttl)
redis.call('ZADD', all, now, id)
redis.call('PEXPIRE', all, ttl)
if done ~= '' then
  redis.call('DEL', key .. ':cursor:' .. done)
  redis.call('ZREM', all, done)
end
redis.call('ZREMRANGEBYSCORE', all, '-inf', '(' .. string.format('%d', now - ttl))
for _, old in ipairs(redis.call('ZRANGE', all, 0, -most - 1)) do
  redis.call('DEL', key .. ':cursor:' .. old)
  redis.call('ZREM', all, old)
end
return {'ok'}
