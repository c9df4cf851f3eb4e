-- The bucket of one author in one conversation, from which posts (post.lua), edits and reactions are taken alike, or of a user's
-- changes of `presence`: the generic cell rate algorithm (ITU-T I.371). nil, and one is taken; or how many ms it is too early.
local function too_fast(key, user, now, rate, burst)
  if rate <= 0 then return nil end
  local limit = key .. ':rate:' .. user
  local before = tonumber(redis.call('GET', limit)) or 0
  if before > now + burst * 1000 / rate + 1 then before = 0 end -- the clock went back, or the burst is smaller now
  local full = math.max(before, now) + 1000 / rate
  local early = full - now - burst * 1000 / rate
  if early > 0 then return string.format('%.0f', math.ceil(early)) end
  redis.call('SET', limit, string.format('%.3f', full), 'PX', string.format('%.0f', math.ceil(full - now) + 1000))
  return nil
end
