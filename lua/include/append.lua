--- include time
--- include publish
-- Appending to a conversation's log, and handing what was appended to the workers.
--   key     the conversation
--   state   {seq, head, last_ms, n} as HMGET gives them (false where absent)
--   now     milliseconds
--   fields  type first, then the others in the order people want to read them; prev and n are added here
--   count   1 when the event is a message, else 0

-- The entry alone: `commit` has to follow, in the same step. The id is `<ms>-<seq>`: ms never goes back, seq has no gaps.
-- Moves the state on. Returns the id.
local function enter(key, state, now, fields, count)
  local seq = string.format('%d', (tonumber(state[1]) or 0) + 1)
  local ms = string.format('%d', math.max(now, tonumber(state[3]) or 0))
  local n = string.format('%d', (tonumber(state[4]) or 0) + count)
  local id, f = ms .. '-' .. seq, #fields
  fields[f + 1], fields[f + 2], fields[f + 3], fields[f + 4] = 'n', n, 'prev', state[2] or '0-0'
  redis.call('XADD', key .. ':log', id, unpack(fields))
  state[1], state[2], state[3], state[4] = seq, id, ms, n
  return id
end

local function commit(key, state, published)
  redis.call('HSET', key, 'seq', state[1], 'head', state[2], 'last_ms', state[3], 'n', state[4])
  redis.call('PUBLISH', key, published)
end

-- One event, whole. Returns its id.
local function append(key, state, now, fields, count)
  local id = enter(key, state, now, fields, count)
  commit(key, state, payload(id, fields))
  return id
end

local function state_of(key)
  return redis.call('HMGET', key, 'seq', 'head', 'last_ms', 'n')
end
