-- Members by name, a page at a time.
-- KEYS  1 the room
-- ARGV  1 user  2 `1` for a site administrator  3 names after this one, or empty  4 how many at most
-- Result {ok, more (0 or 1), user, role, user, role, …}
-- Errors not_found, banned
--- include time
--- include access
local key, limit = KEYS[1], tonumber(ARGV[4])
local refused = unreadable(key, ARGV[1], ARGV[2], now_ms())
if refused then return {refused} end
local names = redis.call('ZRANGEBYLEX', key .. ':names', ARGV[3] == '' and '-' or '(' .. ARGV[3], '+', 'LIMIT', 0, limit + 1)
local result = {'ok', #names > limit and '1' or '0'}
for i = 1, math.min(#names, limit) do
  result[#result + 1] = names[i]
  result[#result + 1] = redis.call('HGET', key .. ':roles', names[i]) or 'member'
end
return result
