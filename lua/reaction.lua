-- Adds a member's reaction to a message, or takes it back. What is so already changes nothing.
-- KEYS  1 the conversation
-- ARGV  1 by  2 via  3 message  4 reaction (no spaces)  5 `1` to add, `0` to take back  6 changes a second allowed (0: any)
--       7 burst  8 request
-- Result {ok, id of reactionchanged or empty, how many have that reaction now}
-- Errors not_found (the conversation, or no such message), not_a_member, banned, bad_request: too many different ones,
--        rate_limited (ms)
--- include append
--- include access
--- include chain
--- include folded
--- include once
--- include rate
local MOST, SHOWN = 20, 10
local key, by, id, reaction, add = KEYS[1], ARGV[1], ARGV[3], ARGV[4], ARGV[5] == '1'
local before = answered(key, ARGV[8])
if before then return before end
local now = now_ms()
if not member(key, by) then return {outsider(key, by, now)} end
if not writable(key) or not message_of(key, id) then return {'not_found', 'no such message'} end

-- The reactions in the order in which they first came: {reaction, count, users: the first of them}.
local all, mine = {}, nil
for part in (redis.call('HGET', key .. ':reactions', id) or ''):gmatch('[^\30]+') do
  local word, count, users = part:match('^(%S+) (%d+)(.*)$')
  local one = {word, tonumber(count), {}}
  for user in users:gmatch('%S+') do table.insert(one[3], user) end
  all[#all + 1] = one
  if word == reaction then mine = one end
end

local who = key .. ':reacted:' .. id
if (redis.call('SISMEMBER', who, by .. ' ' .. reaction) == 1) == add then return {'ok', '', mine and mine[2] or 0} end
if not mine and #all >= MOST then return {'bad_request', 'this message has ' .. MOST .. ' different reactions already'} end
local early = too_fast(key, by, now, tonumber(ARGV[6]), tonumber(ARGV[7]))
if early then return {'rate_limited', early} end

if not mine then
  mine = {reaction, 0, {}}
  all[#all + 1] = mine
end
redis.call(add and 'SADD' or 'SREM', who, by .. ' ' .. reaction)
mine[2] = mine[2] + (add and 1 or -1)
for i = #mine[3], 1, -1 do
  if mine[3][i] == by then table.remove(mine[3], i) end
end
if add and #mine[3] < SHOWN then table.insert(mine[3], by) end
local parts = {}
for _, one in ipairs(all) do
  if one[2] > 0 then parts[#parts + 1] = table.concat({one[1], string.format('%d', one[2]), unpack(one[3])}, ' ') end
end
if #parts > 0 then redis.call('HSET', key .. ':reactions', id, table.concat(parts, RS))
else redis.call('HDEL', key .. ':reactions', id) end

local event = append(key, state_of(key), now, {'type', 'reactionchanged', 'from', by, 'via', ARGV[2], 'id', id,
  'reaction', reaction, 'added', add and '1' or '0', 'count', string.format('%d', mine[2])}, 0)
unfold_trimmed(key)
return answer(key, ARGV[8], {'ok', event, mine[2]})
