-- A conversation as one of its members sees it in a list.
-- KEYS  1 the conversation
-- ARGV  1 user
-- Result {ok, head, n, read, mentions unread, id read up to or empty, [last message] or empty array}
-- Errors not_found: no member
--- include chain
--- include folded
local key, user = KEYS[1], ARGV[1]
local log, read = key .. ':log', redis.call('ZSCORE', key .. ':members', user)
local room = redis.call('HMGET', key, 'head', 'n', 'deleted')
if not read or room[3] then return {'not_found'} end
read = tonumber(read)

local last
local newest = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 20)
local hidden = as_edited(key, newest)
for _, entry in ipairs(newest) do
  if field(entry, 'type') == 'messagepublished' and not hidden[entry[1]] then last = entry break end
end

local function number(entry)
  return tonumber(field(entry, 'n'))
end

-- The smallest x of low … high for which the last entry up to the id at(x) has the n-th message behind it, or is it.
local function bisect(low, high, n, at)
  while low < high do
    local mid = math.floor((low + high) / 2)
    local entry = redis.call('XREVRANGE', log, at(mid), '-', 'COUNT', 1)[1]
    if entry and number(entry) >= n then high = mid else low = mid + 1 end
  end
  return low
end

-- The message that is the n-th, or nil when it is gone: n never falls along the log, so bisect by time, then by seq within the
-- millisecond.
local function message(n)
  if n == 0 then return nil end
  if last and number(last) == n then return last end
  local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  if not first or number(first) > n then return nil end
  local decimal = function(x) return string.format('%.0f', x) end
  local ms = decimal(bisect(tonumber(first[1]:match('^%d+')), tonumber(room[1]:match('^%d+')), n, decimal))
  local low, high = redis.call('XRANGE', log, ms, '+', 'COUNT', 1)[1], redis.call('XREVRANGE', log, ms, '-', 'COUNT', 1)[1]
  if not low or not high then return nil end
  local function within(x) return ms .. '-' .. decimal(x) end
  local id = within(bisect(tonumber(low[1]:match('%-(%d+)')), tonumber(high[1]:match('%-(%d+)')), n, within))
  local entry = redis.call('XRANGE', log, id, id)[1]
  return entry and number(entry) == n and field(entry, 'type') == 'messagepublished' and entry or nil
end

if not last then
  local nth = message(tonumber(room[2] or 0))
  last = nth and message_of(key, nth[1])
end
local marked = message(read)
local mentions = redis.call('ZCOUNT', key .. ':mentions:' .. user, '(' .. read, '+inf')
return {'ok', room[1] or '0-0', room[2] or '0', string.format('%.0f', read), mentions, marked and marked[1] or '', last or {}}
