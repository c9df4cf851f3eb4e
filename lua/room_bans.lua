-- Bans by name, a page at a time; those that expired are dropped.
-- KEYS  1 the room
-- ARGV  1 by  2 `1` for a site administrator  3 names after this one, or empty  4 how many at most
-- Result {ok, more (0 or 1), user, ban (`<expiry ms, 0 for ever> <by> <reason>`), …}
-- Errors not_found, not_a_member, banned, forbidden: neither owner nor moderator
--- include time
--- include access
local key, after, limit = KEYS[1], ARGV[3], tonumber(ARGV[4])
local now = now_ms()
local refused = unmanageable(key, ARGV[1], ARGV[2], now)
if refused then return {refused} end
local names = {}
for _, user in ipairs(redis.call('HKEYS', key .. ':bans')) do
  if not banned(key, user, now) then redis.call('HDEL', key .. ':bans', user)
  elseif user > after then names[#names + 1] = user end
end
table.sort(names)
local result = {'ok', #names > limit and '1' or '0'}
for i = 1, math.min(#names, limit) do
  result[#result + 1] = names[i]
  result[#result + 1] = redis.call('HGET', key .. ':bans', names[i])
end
return result
