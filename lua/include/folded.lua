-- What became of messages: the log keeps them as they were posted, so their readers look here. `chain` is included
-- before.
--   :edits      message → `<id of messageedited>` US `<mentions>` US `<text>`; of a deleted one only `<id of messagedeleted>`
--   :reactions  message → for each reaction, behind RS but for the first: `<reaction> <count>`, then up to 10 of the users
--   :reacted:<message>  set of `<user> <reaction>`

-- {id of the change, mentions, text}; of a deleted message the id alone.
local function edit_of(record)
  local id, mentions, text = record:match('^([^\31]+)\31([^\31]*)\31(.*)$')
  return {id or record, mentions, text}
end

local function set_field(entry, name, value)
  local f = entry[2]
  for i = 1, #f, 2 do
    if f[i] == name then f[i + 1] = value return end
  end
  f[#f + 1], f[#f + 2] = name, value
end

-- Makes messages among entries of a log, in place, what they are now. Returns those not to be shown, id → true: deleted
-- messages and their edits.
local function as_edited(key, entries)
  local ids, hidden = {}, {}
  if #entries == 0 or redis.call('EXISTS', key .. ':edits') == 0 then return hidden end
  for i, entry in ipairs(entries) do ids[i] = field(entry, 'type') == 'messageedited' and field(entry, 'id') or entry[1] end
  for i, record in ipairs(redis.call('HMGET', key .. ':edits', unpack(ids))) do
    local entry, edit = entries[i], record and edit_of(record)
    if edit and edit[3] and entry[1] == ids[i] then
      set_field(entry, 'text', edit[3])
      set_field(entry, 'mentions', edit[2])
      set_field(entry, 'edited', edit[1]:match('^%d+'))
    end
    if edit and not edit[3] then hidden[entry[1]] = true end
  end
  return hidden
end

-- The same entries, messages with what people think of them.
local function with_reactions(key, entries)
  if #entries == 0 or redis.call('EXISTS', key .. ':reactions') == 0 then return entries end
  local ids = {}
  for i, entry in ipairs(entries) do ids[i] = entry[1] end
  for i, record in ipairs(redis.call('HMGET', key .. ':reactions', unpack(ids))) do
    if record then set_field(entries[i], 'reactions', record) end
  end
  return entries
end

-- The message `id` as it is now, or nil.
local function message_of(key, id)
  local entry = redis.call('XRANGE', key .. ':log', id, id)[1]
  if not entry or field(entry, 'type') ~= 'messagepublished' then return nil end
  return not as_edited(key, {entry})[id] and entry or nil
end

local function unreact(key, id)
  redis.call('HDEL', key .. ':reactions', id)
  redis.call('UNLINK', key .. ':reacted:' .. id)
end

-- Forgets what became of a message.
local function unfold(key, id)
  redis.call('HDEL', key .. ':edits', id)
  unreact(key, id)
end

-- Trimming takes messages away and leaves what became of them. With each change two others are looked at, so that what is
-- left never is most of what there is.
local function unfold_trimmed(key)
  local first = redis.call('XRANGE', key .. ':log', '-', '+', 'COUNT', 1)[1]
  for _, hash in ipairs({':edits', ':reactions'}) do
    for _, id in ipairs(redis.call('HRANDFIELD', key .. hash, 2)) do
      if first and tonumber(id:match('%-(%d+)')) < tonumber(first[1]:match('%-(%d+)')) then unfold(key, id) end
    end
  end
end

-- Can the conversation be written by anybody? A direct one is closed with the account of one of the two.
local function writable(key)
  local room = redis.call('HMGET', key, 'deleted', 'closed')
  return not room[1] and not room[2]
end
