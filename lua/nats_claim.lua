-- Takes an event session over NATS: makes it, or takes it over. Whoever held it before finds its generation old.
-- KEYS  1 the user
-- ARGV  1 the session's name  2 worker  3 the worker's address on NATS  4 how long it is kept without a ping, ms; 0: not at all
--       5 the generation that the caller saw, or empty for any
-- Result {ok, generation, address of who held it before or empty, cursor or empty, when the user's credentials that last
--        longest expire (seconds; 0 for none)}
-- Errors moved: its generation is another by now (2: that one)
--- include time
local key = KEYS[1] .. ':nats:' .. ARGV[1]
local was = redis.call('HMGET', key, 'generation', 'address', 'cursor')
if ARGV[5] ~= '' and (was[1] or '0') ~= ARGV[5] then return {'moved', was[1] or '0'} end
local generation = redis.call('HINCRBY', key, 'generation', 1)
redis.call('HSET', key, 'holder', ARGV[2], 'address', ARGV[3], 'ping', string.format('%.0f', now_ms()))
redis.call('PEXPIRE', key, ARGV[4])
local expires = 0
for _, grant in ipairs(redis.call('HVALS', KEYS[1] .. ':nats')) do
  expires = math.max(expires, tonumber(grant:match('^%d+')))
end
return {'ok', tostring(generation), was[2] or '', was[3] or '', string.format('%.0f', expires)}
