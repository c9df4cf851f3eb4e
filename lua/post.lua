-- Posts messages, each by itself: admission, idempotency, seq, append; and at once, for those that were accepted: publish.
-- All in one step: what a conversation costs is paid once, however many come together.
-- KEYS  1 the conversation
-- ARGV  1 posts a second allowed of one author (0: any)  2 burst  3 retention: entries (0: all)  4 retention: ms (0: for ever)
--       5 the author's peer, to make a direct conversation that does not exist yet, else empty
--       6 worker  7 number of this call: the worker counts upwards
--       then for each author in a row  1 from  2 via  3 how many messages follow
--       and for each of these          1 text  2 how many arguments follow: names and values in turn, in this order, of
--       client_id, fingerprint (of what is said: with a client_id), reply_to (an id), mentions (users, by spaces), action (`1`)
-- Result a text: the number, then for each message, behind RS (0x1e), its answer; the words of an answer are parted by US (0x1f):
--        ok, id, new | repeated | created; or absent: a direct conversation that does not exist yet.
--        The number alone when the worker has made a later call here
-- Errors for each not_a_member, banned, not_found, conflict (client id used for another text), rate_limited (retry ms),
--        bad_request (reply to)
--- include append
--- include sent
local FIRST = 8
local key, peer, number = KEYS[1], ARGV[5], ARGV[7]
local call = key .. ':call:' .. ARGV[6]

-- A worker that lost the answer asks again. It has one call under way for a conversation, so its last is all that is kept.
local answered = redis.call('GET', call)
if answered then
  local last = answered:match('^%d+')
  if last == number then return answered end
  if tonumber(last) > tonumber(number) then return number end
end

local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local members = key .. ':members'
local now = now_ms()
local room = redis.call('HMGET', key, 'seq', 'head', 'last_ms', 'n', 'deleted', 'closed', 'born')
local gone, born, n_before = room[5] or room[6], tonumber(room[7]) or 0, tonumber(room[4]) or 0
local answers, published = {number}, {}
local fields = {'type', 'messagepublished', 'from', '', 'via', '', 'text', ''} -- of one message after the other
local maker

-- The answer to what was posted before, or nil. It stays posted, even if its author is no member any more; but a deleted
-- room's messages are not those of one made again.
local function repeated(record, fingerprint)
  local id, before = record:match('^(%S+) (%S+)')
  if tonumber(id:match('%-(%d+)')) < born then return nil end
  if before ~= fingerprint then return 'conflict' .. US .. 'this client id was used for another text' end
  return 'ok' .. US .. id .. US .. 'repeated'
end

-- Is `from` a member? Then they have read up to `n` from now on. One command tells both, since no marker is above the last n.
local function reads_up_to(n, from)
  return redis.call('ZADD', members, 'XX', 'CH', n, from) == 1
end

-- What stands against somebody who is no member; or nil, and the direct conversation is made.
local function outside(from)
  --- include access
  if key:sub(1, 7) ~= 'wcc:dm:' then return outsider(key, from, now) end
  if peer == '' then return 'absent' end
  for _, user in ipairs({from, peer}) do
    redis.call('ZADD', members, 'NX', 0, user)
    redis.call('HSETNX', key .. ':joined', user, '0-0')
  end
  redis.call('HSETNX', key, 'created', string.format('%.0f', now))
  maker = from
end

-- To who is no member nothing is told of what there is; they are refused anyhow.
local function bad_reply(from, reply_to)
  --- include chain
  --- include folded
  if peer == '' and not redis.call('ZSCORE', members, from) then return nil end
  if message_of(key, reply_to) then return nil end
  return 'bad_request' .. US .. 'reply_to names no message of this conversation'
end

local function mention(users, id, from)
  for user in users:gmatch('%S+') do
    if user ~= from and redis.call('ZSCORE', members, user) then
      redis.call('ZADD', key .. ':mentions:' .. user, room[4], id)
      redis.call('ZREMRANGEBYRANK', key .. ':mentions:' .. user, 0, -1001)
    end
  end
end

-- The messages of one author, from ARGV[at] on. Returns where the next author is.
local function post(at, from, count)
  local limit, accepted = key .. ':rate:' .. from, 0
  local full = rate > 0 and tonumber(redis.call('GET', limit)) or 0 -- when the author's bucket is full again, ms
  if rate > 0 and full > now + burst * 1000 / rate + 1 then full = 0 end -- the clock went back, or the burst is smaller now
  for _ = 1, count do
    local text, more = ARGV[at], tonumber(ARGV[at + 1])
    local f, client_id, fingerprint, reply_to, mentions = 8, nil, nil, nil, nil
    at = at + 2
    for i = at, at + more - 1, 2 do
      local name, value = ARGV[i], ARGV[i + 1]
      if name == 'client_id' then client_id = value
      elseif name == 'fingerprint' then fingerprint = value
      elseif name == 'reply_to' then reply_to = value
      elseif name == 'mentions' then mentions = value end
      if name ~= 'fingerprint' then fields[f + 1], fields[f + 2], f = name, value, f + 2 end
    end
    at = at + more

    local answer, how, next_full = gone and 'not_found', 'new', 0
    local sent = client_id and recall(sent_keys(key, from), client_id)
    if not answer and sent and sent[3] then answer = repeated(sent[3], fingerprint) end
    if not answer and rate > 0 then -- the generic cell rate algorithm (ITU-T I.371)
      next_full = math.max(full, now) + 1000 / rate
      local early = next_full - now - burst * 1000 / rate
      if early > 0 then answer = 'rate_limited' .. US .. string.format('%.0f', math.ceil(early)) end
    end
    if not answer and reply_to then answer = bad_reply(from, reply_to) end
    local n = n_before + #published + 1
    if not answer and accepted == 0 and not reads_up_to(n, from) then
      answer, how = outside(from), 'created'
      if not answer then reads_up_to(n, from) end
    end
    if not answer then
      fields[8] = text
      local id, event = enter(key, room, now, fields, f, 1)
      accepted, full = accepted + 1, next_full
      published[#published + 1] = event
      if sent then remember(sent_keys(key, from), sent, now, client_id, id .. ' ' .. fingerprint) end
      if mentions then mention(mentions, id, from) end
      answer = 'ok' .. US .. id .. US .. how
    end
    answers[#answers + 1] = answer
  end
  if accepted > 1 then reads_up_to(room[4], from) end
  if accepted > 0 and rate > 0 then
    redis.call('SET', limit, string.format('%.3f', full), 'PX', string.format('%.0f', math.ceil(full - now) + 1000))
  end
  return at
end

local at = FIRST
while at <= #ARGV do
  local from, count = ARGV[at], tonumber(ARGV[at + 2])
  fields[4], fields[6] = from, ARGV[at + 1]
  at = post(at + 3, from, count)
end
local result = table.concat(answers, RS)
if #published == 0 then return result end
commit(key, room, table.concat(published, RS))
redis.call('SET', call, result, 'PX', 60000)

local n = tonumber(room[4])
if math.floor(n / 64) > math.floor(n_before / 64) then
  local keep = redis.call('HMGET', key, 'retention_messages', 'retention_ms')
  local count, age = tonumber(keep[1] or ARGV[3]), tonumber(keep[2] or ARGV[4])
  if count > 0 then redis.call('XTRIM', key .. ':log', 'MAXLEN', '~', count) end
  if age > 0 then redis.call('XTRIM', key .. ':log', 'MINID', '~', string.format('%.0f', now - age)) end
end
if maker then
  for user, other in pairs({[maker] = peer, [peer] = maker}) do
    publish('wcc:user:{' .. user .. '}', transient(), {'type', 'conversationadded', 'target', 'wcchat://users/' .. other})
  end
end
return result
