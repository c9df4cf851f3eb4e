-- A page of a conversation's log behind a cursor, and whether it follows the cursor without a gap.
-- KEYS  1 the conversation
-- ARGV  1 cursor (an id; `0-0` is before all)  2 entries at most  3 the user who reads, or empty for a worker's own fan-out
-- Result {ok, head, broken, [id, [field, value, …]], …}: broken is 0, or one past the last of these entries, behind which
--        something is missing. The reader fetches history anew there. `roomdeleted` follows whatever was before it.
--        For a user who is no member any more the page ends with what ended it: userleft or roomdeleted.
-- Errors not_found: no member any more, and what ended it can't be read either
--- include chain
local key, cursor, count, user = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3]
local entries = redis.call('XRANGE', key .. ':log', '(' .. cursor, '+', 'COUNT', count)
local head = redis.call('HGET', key, 'head') or '0-0'
local broken, last = 0, cursor
for i, entry in ipairs(entries) do
  local prev = field(entry, 'prev')
  if prev ~= last and field(entry, 'type') ~= 'roomdeleted' and not follows(key, prev, last) then
    broken = i
    break
  end
  last = entry[1]
end
if broken == 0 and #entries < count and head ~= last and not follows(key, head, last) then
  broken = #entries + 1
end

local result = {'ok', head, tostring(broken)}
if user == '' or redis.call('ZSCORE', key .. ':members', user) then
  for i = 1, broken > 0 and broken - 1 or #entries do result[i + 3] = entries[i] end
  return result
end

-- No member: one may still see what came up to the end of one's own membership (`:left` has its id), or of the room.
local left = redis.call('HGET', key .. ':left', user)
local last_seq = left and tonumber(left:match('%-(%d+)')) or 0
for i, entry in ipairs(entries) do
  local type = field(entry, 'type')
  if i == 1 and type == 'roomdeleted' then return {'ok', head, '0', entry} end
  if i == broken or tonumber(entry[1]:match('%-(%d+)')) > last_seq then return {'not_found'} end
  result[#result + 1] = entry
  if type == 'userleft' and field(entry, 'user') == user then
    result[3] = '0'
    return result
  end
end
if #entries == count then return result end
return {'not_found'}
