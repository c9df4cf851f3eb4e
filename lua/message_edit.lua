-- Gives a message another text. The one it has already changes nothing.
-- KEYS  1 the conversation
-- ARGV  1 by  2 via  3 message  4 text  5 mentions (users, by spaces)  6 changes a second allowed (0: any)  7 burst  8 request
-- Result {ok, id of messageedited or empty, [the message as it is now]}
-- Errors not_found (the conversation, or no such message), not_a_member, banned, forbidden: another's, rate_limited (ms)
--- include append
--- include access
--- include chain
--- include folded
--- include once
--- include rate
local key, by, id, text, mentions = KEYS[1], ARGV[1], ARGV[3], ARGV[4], ARGV[5]
local before = answered(key, ARGV[8])
if before then return before end
local now = now_ms()
if not member(key, by) then return {outsider(key, by, now)} end
local message = writable(key) and message_of(key, id)
if not message then return {'not_found', 'no such message'} end
if field(message, 'from') ~= by then return {'forbidden', 'only their author changes messages'} end
if field(message, 'text') == text then return {'ok', '', with_reactions(key, {message})[1]} end
local early = too_fast(key, by, now, tonumber(ARGV[6]), tonumber(ARGV[7]))
if early then return {'rate_limited', early} end

-- Who is not mentioned any more has nothing to look for; who is now, has when they did not read that far.
for user in (field(message, 'mentions') or ''):gmatch('%S+') do redis.call('ZREM', key .. ':mentions:' .. user, id) end
local n = tonumber(field(message, 'n'))
for user in mentions:gmatch('%S+') do
  local read = user ~= by and tonumber(member(key, user) or nil)
  if read and read < n then redis.call('ZADD', key .. ':mentions:' .. user, n, id) end
end

local fields = {'type', 'messageedited', 'from', by, 'via', ARGV[2], 'id', id, 'text', text}
if mentions ~= '' then fields[#fields + 1], fields[#fields + 2] = 'mentions', mentions end
local edit = append(key, state_of(key), now, fields, 0)
redis.call('HSET', key .. ':edits', id, edit .. US .. mentions .. US .. text)
unfold_trimmed(key)
as_edited(key, {message})
return answer(key, ARGV[8], {'ok', edit, with_reactions(key, {message})[1]})
