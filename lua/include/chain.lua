-- The chain: each entry names the one before it. An entry that was really removed is in `:holes` with its own prev.
-- Does an entry whose prev is `prev` follow the cursor `c`?
local function follows(key, prev, c)
  while prev ~= c do
    prev = redis.call('HGET', key .. ':holes', prev)
    if not prev then return false end
  end
  return true
end

local function field(entry, name)
  local f = entry[2]
  for i = 1, #f, 2 do
    if f[i] == name then return f[i + 1] end
  end
  return nil
end
