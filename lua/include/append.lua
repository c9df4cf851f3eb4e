--- include time
--- include publish
-- Appends one event to a conversation's log and hands it to the workers, in this order, in one step.
--   key     the conversation
--   state   {seq, head, last_ms, n} as HMGET gives them (false where absent)
--   now     milliseconds
--   fields  type first, then the others in the order people want to read them; prev and n are added here
--   count   1 when the event is a message, else 0
-- The id is `<ms>-<seq>`: ms never goes back, seq has no gaps. Returns the id and the conversation's n, also as text.
local function append(key, state, now, fields, count)
  local n = (tonumber(state[4]) or 0) + count
  local seq_text = string.format('%d', (tonumber(state[1]) or 0) + 1)
  local ms_text = string.format('%d', math.max(now, tonumber(state[3]) or 0))
  local n_text = string.format('%d', n)
  local id = ms_text .. '-' .. seq_text
  local f = #fields
  fields[f + 1], fields[f + 2] = 'n', n_text
  fields[f + 3], fields[f + 4] = 'prev', state[2] or '0-0'
  redis.call('XADD', key .. ':log', id, unpack(fields))
  redis.call('HSET', key, 'seq', seq_text, 'head', id, 'last_ms', ms_text, 'n', n_text)
  publish(key, id, fields)
  return id, n, n_text
end

local function state_of(key)
  return redis.call('HMGET', key, 'seq', 'head', 'last_ms', 'n')
end
