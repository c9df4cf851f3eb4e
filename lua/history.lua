-- Stored events of a conversation, ascending: messages as they are now, edited and with reactions; deleted ones are left out.
-- KEYS  1 the conversation
-- ARGV  1 user  2 `1` for a site administrator  3 latest | before | after | around | one  4 id (exclusive; of around and one:
--       inclusive)  5 events at most  6 types wanted, by commas  7 the version of the log that the reader has this very
--       answer of, or empty
-- Result {ok, more (1: there is more in that direction), next (continue from this id), version, [id, [field, value, …]], …},
--        or {same}: nothing was appended to the log, removed from it or trimmed since that version
-- Errors not_found, banned
-- Looks at 5,000 entries a call at most, so that a rare type does not hold up the others; `more` is 1 then.
--- include time
--- include access
--- include chain
--- include folded
local key, mode, id, limit = KEYS[1], ARGV[3], ARGV[4], tonumber(ARGV[5])
local refused = unreadable(key, ARGV[1], ARGV[2], now_ms())
if refused then return {refused} end
local log, wanted = key .. ':log', {}
local version = (redis.call('HGET', key, 'head') or '0-0') .. ' ' .. redis.call('XLEN', log)
if version == ARGV[7] then return {'same'} end
for type in ARGV[6]:gmatch('[^,]+') do wanted[type] = true end

-- Collects up to `most` wanted entries from `from` on, upwards or downwards; the second result: is there one more?,
-- the third: the id where looking stopped.
local function collect(command, from, to, most)
  if command == 'XREVRANGE' and from == '(0-0' then return {}, false end -- Redis calls that no range
  local found, looked, stop = {}, 0, nil
  while looked < 5000 do
    local page = redis.call(command, log, from, to, 'COUNT', math.max(most + 1 - #found, 50))
    if #page == 0 then return found, false, stop end
    local hidden = as_edited(key, page)
    for _, entry in ipairs(page) do
      if wanted[field(entry, 'type')] and not hidden[entry[1]] then
        if #found == most then return found, true, stop end
        found[#found + 1] = entry
      end
      stop = entry[1]
    end
    looked = looked + #page
    from = '(' .. stop
  end
  return found, true, stop
end

local function reversed(list)
  local out = {}
  for i = #list, 1, -1 do out[#out + 1] = list[i] end
  return out
end

local items, more, stop
if mode == 'one' then
  items, more, stop = collect('XRANGE', id, id, 1)
  if #items == 0 then return {'not_found', 'no such message'} end
elseif mode == 'after' then
  items, more, stop = collect('XRANGE', '(' .. id, '+', limit)
elseif mode == 'around' then
  local older = reversed(collect('XREVRANGE', '(' .. id, '-', math.floor(limit / 2)))
  items = collect('XRANGE', id, '+', limit - #older)
  for i = #items, 1, -1 do items[i + #older] = items[i] end
  for i = 1, #older do items[i] = older[i] end
  more = false
else
  items, more, stop = collect('XREVRANGE', mode == 'before' and '(' .. id or '+', '-', limit)
  items = reversed(items)
end
local result = {'ok', more and '1' or '0', stop or '', version}
for _, entry in ipairs(with_reactions(key, items)) do result[#result + 1] = entry end
return result
