-- The channels on which a user is online, sorted: the entries of `<user>:sessions` whose worker is alive. `live` is the
-- list of workers that hold a lease, separated by spaces (it lives in another slot, so the caller brings it).
local function online_channels(key, live)
  local alive, seen, channels = {}, {}, {}
  for worker in live:gmatch('%S+') do alive[worker] = true end
  for _, entry in ipairs(redis.call('HKEYS', key .. ':sessions')) do
    local worker, channel = entry:match('^([^/]+)/([^/]+)/')
    if worker and alive[worker] and not seen[channel] then
      seen[channel] = true
      channels[#channels + 1] = channel
    end
  end
  table.sort(channels)
  return channels, seen
end
