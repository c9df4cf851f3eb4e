-- Posts messages, each by itself: admission, idempotency, seq, append; and at once, for those that were accepted: publish,
-- their authors' own read markers. All in one step: what a conversation costs is paid once, however many come together.
-- KEYS  1 the conversation
-- ARGV  1 posts a second allowed of one author (0: any)  2 burst  3 retention: entries (0: all)  4 retention: ms (0: for ever)
--       5 the author's peer, to make a direct conversation that does not exist yet, else empty
--       then for each message
--       1 from  2 via  3 `1` when the worker made the client id  4 client id  5 fingerprint of what is said  6 text
--       7 reply to (an id) or empty  8 users mentioned, by spaces  9 `1` for an action, else empty
-- Result for each message {ok, id, new | repeated | created}; {absent} for a direct conversation that does not exist yet
-- Errors for each not_a_member, banned, not_found, conflict (client id used for another text), rate_limited (retry ms),
--        bad_request (reply to)
--- include append
--- include access
--- include chain
--- include sent
local HEAD, EACH = 5, 9
local key, peer = KEYS[1], ARGV[5]
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local members = key .. ':members'
local now = now_ms()
local room = redis.call('HMGET', key, 'seq', 'head', 'last_ms', 'n', 'deleted', 'closed', 'born')
local born, n_before = tonumber(room[7]) or 0, tonumber(room[4]) or 0

-- What was posted already, by each author: `sent` under a client's ids, kept for an hour, and the last 256 of them; `own` under
-- the worker's, kept for as long as it may repeat a request (half a minute).
local authors, by_name, everybody = {}, {}, {}

local function records(from, own)
  local author = by_name[from]
  if not author then
    author = {name = from}
    authors[#authors + 1], by_name[from], everybody[#everybody + 1] = author, author, from
  end
  local kind = own == '1' and 'own' or 'sent'
  if not author[kind] then author[kind] = {names = {}, posted = {}, fresh = {}, at = 0} end
  return author[kind], author
end

for at = HEAD + 1, #ARGV, EACH do
  local names = records(ARGV[at], ARGV[at + 2]).names
  names[#names + 1] = ARGV[at + 3]
end
local scores = redis.call('ZMSCORE', members, unpack(everybody))
for i, author in ipairs(authors) do
  local sent, own = author.sent, author.own
  author.member = scores[i]
  author.sent_key, author.own_key = sent_keys(key, author.name)
  if sent then sent.found = recall(author.sent_key, sent.names) end
  if own or rate > 0 then author.kept = recall(author.own_key, own and own.names or {}) end
  if own then own.found = author.kept end
  author.allowed = rate > 0 and tonumber(author.kept[3]) or 0
end

local published, maker = {}, nil

-- The answer to what was posted before, or nil. It stays posted, even if its author is no member any more; but a deleted
-- room's messages are not those of one made again.
local function repeated(record, fingerprint)
  local id, before = record:match('^(%S+) (%S+)')
  if tonumber(id:match('%d+$')) < born then return nil end
  if before ~= fingerprint then return {'conflict', 'this client id was used for another text'} end
  return {'ok', id, 'repeated'}
end

-- Ms to wait, or nil: the generic cell rate algorithm (ITU-T I.371).
local function too_early(author)
  local full = math.max(author.allowed, now) + 1000 / rate
  local early = full - now - burst * 1000 / rate
  if early > 0 then return string.format('%.0f', math.ceil(early)) end
  author.allowed = full
end

local function begin_direct(from)
  for _, user in ipairs({from, peer}) do
    redis.call('ZADD', members, 'NX', 0, user)
    redis.call('HSETNX', key .. ':joined', user, '0-0')
    if by_name[user] then by_name[user].member = '0' end
  end
  redis.call('HSETNX', key, 'created', string.format('%.0f', now))
  maker = from
end

local function mention(users, id, from)
  for user in users:gmatch('%S+') do
    if user ~= from and redis.call('ZSCORE', members, user) then
      redis.call('ZADD', key .. ':mentions:' .. user, room[4], id)
      redis.call('ZREMRANGEBYRANK', key .. ':mentions:' .. user, 0, -1001)
    end
  end
end

local function post(from, via, own, client_id, fingerprint, text, reply_to, mentions, action)
  local kept, author = records(from, own)
  kept.at = kept.at + 1
  if room[5] or room[6] then return {'not_found'} end
  local record = kept.posted[client_id] or kept.found[kept.at + 3]
  local before = record and repeated(record, fingerprint)
  if before then return before end
  local how = author.member and 'new' or 'created'
  if not author.member then
    if key:sub(1, 7) ~= 'wcc:dm:' then return {outsider(key, from, now)} end
    if peer == '' then return {'absent'} end
  end
  local wait = rate > 0 and too_early(author)
  if wait then return {'rate_limited', wait} end
  if reply_to ~= '' then
    local entry = redis.call('XRANGE', key .. ':log', reply_to, reply_to)[1]
    if not entry or field(entry, 'type') ~= 'messagepublished' then
      return {'bad_request', 'reply_to names no message of this conversation'}
    end
  end
  if not author.member then begin_direct(from) end
  local fields = {'type', 'messagepublished', 'from', from, 'via', via, 'text', text}
  local f = 8
  if own ~= '1' then fields[9], fields[10], f = 'client_id', client_id, 10 end
  if reply_to ~= '' then fields[f + 1], fields[f + 2], f = 'reply_to', reply_to, f + 2 end
  if mentions ~= '' then fields[f + 1], fields[f + 2], f = 'mentions', mentions, f + 2 end
  if action ~= '' then fields[f + 1], fields[f + 2] = 'action', action end
  local id = enter(key, room, now, fields, 1)
  published[#published + 1] = payload(id, fields)
  record = id .. ' ' .. fingerprint
  kept.posted[client_id] = record
  kept.fresh[#kept.fresh + 1] = client_id
  kept.fresh[#kept.fresh + 1] = record
  author.read = room[4]
  if mentions ~= '' then mention(mentions, id, from) end
  return {'ok', id, how}
end

local results = {}
for at = HEAD + 1, #ARGV, EACH do results[#results + 1] = post(unpack(ARGV, at, at + EACH - 1)) end
if #published == 0 then return results end

commit(key, room, table.concat(published, RS))
local ttl, marks = 90000 + (rate > 0 and burst * 1000 / rate or 0), {}
for _, author in ipairs(authors) do
  if author.read then
    marks[#marks + 1], marks[#marks + 2] = author.read, author.name
    local sent, fresh = author.sent, author.own and author.own.fresh or {}
    if sent and #sent.fresh > 0 then remember(author.sent_key, sent.found, now, sent.fresh, 3600000, 256) end
    if rate > 0 then fresh[#fresh + 1], fresh[#fresh + 2] = '\2allowed', string.format('%.3f', author.allowed) end
    if #fresh > 0 then remember(author.own_key, author.kept, now, fresh, 30000, 0, ttl) end
  end
end
redis.call('ZADD', members, 'XX', unpack(marks))

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
return results
