-- The form of everything that is published: the id, then field and value in turn, joined by US (0x1f), which no stored text
-- can hold; several events of one step are joined by RS (0x1e), in their order. A stored event has its stream id; everything
-- else `t-<microseconds since the epoch>-<n>`.
local US, RS = '\31', '\30'

local function payload(id, fields)
  return id .. US .. table.concat(fields, US)
end

local function publish(channel, id, fields)
  redis.call('PUBLISH', channel, payload(id, fields))
end

local transients = 0
local function transient()
  transients = transients + 1
  local t = redis.call('TIME')
  return string.format('t-%s%06d-%d', t[1], t[2], transients)
end
