--- include time
--- include publish
-- Appending to a conversation's log, and handing what was appended to the workers.
--   key     the conversation
--   state   {seq, head, last_ms, n} as HMGET gives them (false where absent)
--   now     milliseconds
--   fields  type first, then the others in the order people want to read them, `f` of them; prev and n are added behind, and
--           the id before, at 0. The table may be used again for the next
--   count   1 when the event is a message, else 0

-- The entry alone: `commit` has to follow, in the same step. The id is `<ms>-<seq>`: ms never goes back, seq has no gaps.
-- Moves the state on. Returns the id, and what is to be published.
local function enter(key, state, now, fields, f, count)
  if now > (tonumber(state[3]) or 0) then state[3] = string.format('%d', now) end
  state[1], state[4] = (tonumber(state[1]) or 0) + 1 .. '', (tonumber(state[4]) or 0) + count .. ''
  local id = state[3] .. '-' .. state[1]
  fields[0], fields[f + 1], fields[f + 2], fields[f + 3], fields[f + 4] = id, 'n', state[4], 'prev', state[2] or '0-0'
  state[2] = id
  redis.call('XADD', key .. ':log', unpack(fields, 0, f + 4))
  return id, table.concat(fields, US, 0, f + 4)
end

local function commit(key, state, published)
  redis.call('HSET', key, 'seq', state[1], 'head', state[2], 'last_ms', state[3], 'n', state[4])
  redis.call('PUBLISH', key, published)
end

-- One event, whole. Returns its id.
local function append(key, state, now, fields, count)
  local id, text = enter(key, state, now, fields, #fields, count)
  commit(key, state, text)
  return id
end

local function state_of(key)
  return redis.call('HMGET', key, 'seq', 'head', 'last_ms', 'n')
end
