-- The channels on which a user is online, sorted, and the same as a set: the entries of `<user>:sessions` whose worker is
-- alive, without `except`. `live` is the list of workers that hold a lease, separated by spaces (it lives in another slot, so
-- the caller brings it).
local function online_channels(key, live, except)
  local seen, channels = {}, {}
  live = ' ' .. live .. ' '
  for _, entry in ipairs(redis.call('HKEYS', key .. ':sessions')) do
    if entry ~= except then
      local worker, channel = entry:match('^([^/]+)/([^/]+)/')
      if worker and not seen[channel] and live:find(' ' .. worker .. ' ', 1, true) then
        seen[channel] = true
        channels[#channels + 1] = channel
      end
    end
  end
  if #channels > 1 then table.sort(channels) end
  return channels, seen
end
