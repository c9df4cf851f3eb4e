-- Milliseconds since the epoch by Redis' own clock: the only clock that state is written with.
local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
