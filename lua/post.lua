-- Posts messages of one author, each by itself: admission, idempotency, seq, append; and at once, for those that were
-- accepted: publish, one's own read marker. All in one step.
-- KEYS  1 the conversation
-- ARGV  1 from  2 via  3 posts a second allowed (0: any)  4 burst  5 retention: entries (0: all)  6 retention: ms (0: for ever)
--       7 the peer, to make a direct conversation that does not exist yet, else empty
--       8 `1` when the worker made the client ids
--       then for each message
--       1 client id  2 fingerprint of what is said  3 text  4 reply to (an id) or empty  5 users mentioned, by spaces
--       6 `1` for an action, else empty
-- Result for each message {ok, id, new | repeated | created}; {absent} for a direct conversation that does not exist yet
-- Errors for each not_a_member, banned, not_found, conflict (client id used for another text), rate_limited (retry ms),
--        bad_request (reply to)
--- include append
--- include access
--- include chain
--- include sent
local HEAD, EACH = 8, 6
local key, from, peer = KEYS[1], ARGV[1], ARGV[7]
local rate, burst, theirs = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[8] ~= '1'
local members = key .. ':members'
local sent, own = sent_keys(key, from)
local now = now_ms()
local room = redis.call('HMGET', key, 'seq', 'head', 'last_ms', 'n', 'deleted', 'closed', 'born')
local born, n_before = tonumber(room[7]) or 0, tonumber(room[4]) or 0

-- What was posted already. A client id of the worker's own is kept for as long as it may repeat a request (half a minute), a
-- client's for an hour, and the last 256 of them.
local base, names = theirs and sent or own, {}
for at = HEAD + 1, #ARGV, EACH do names[#names + 1] = ARGV[at] end
local found = recall(base, names)
local limit = rate > 0 and (theirs and recall(own, {}) or found)
local allowed = limit and tonumber(limit[3]) or 0
local is_member = redis.call('ZSCORE', members, from)
local posted, fresh, published = {}, {}, {}

-- The answer to what was posted before, or nil. It stays posted, even if its author is no member any more; but a deleted
-- room's messages are not those of one made again.
local function repeated(record, fingerprint)
  local id, before = record:match('^(%S+) (%S+)')
  if tonumber(id:match('%d+$')) < born then return nil end
  if before ~= fingerprint then return {'conflict', 'this client id was used for another text'} end
  return {'ok', id, 'repeated'}
end

-- Ms to wait, or nil: the generic cell rate algorithm (ITU-T I.371).
local function too_early()
  local full = math.max(allowed, now) + 1000 / rate
  local early = full - now - burst * 1000 / rate
  if early > 0 then return string.format('%.0f', math.ceil(early)) end
  allowed = full
end

local function begin_direct()
  for _, user in ipairs({from, peer}) do
    redis.call('ZADD', members, 'NX', 0, user)
    redis.call('HSETNX', key .. ':joined', user, '0-0')
  end
  redis.call('HSETNX', key, 'created', string.format('%.0f', now))
  is_member = '0'
end

local function mention(users, id)
  for user in users:gmatch('%S+') do
    if user ~= from and redis.call('ZSCORE', members, user) then
      redis.call('ZADD', key .. ':mentions:' .. user, room[4], id)
      redis.call('ZREMRANGEBYRANK', key .. ':mentions:' .. user, 0, -1001)
    end
  end
end

local function post(client_id, fingerprint, text, reply_to, mentions, action, record)
  if room[5] or room[6] then return {'not_found'} end
  local before = record and repeated(record, fingerprint)
  if before then return before end
  local how = is_member and 'new' or 'created'
  if not is_member then
    if key:sub(1, 7) ~= 'wcc:dm:' then return {outsider(key, from, now)} end
    if peer == '' then return {'absent'} end
  end
  local wait = rate > 0 and too_early()
  if wait then return {'rate_limited', wait} end
  if reply_to ~= '' then
    local entry = redis.call('XRANGE', key .. ':log', reply_to, reply_to)[1]
    if not entry or field(entry, 'type') ~= 'messagepublished' then
      return {'bad_request', 'reply_to names no message of this conversation'}
    end
  end
  if not is_member then begin_direct() end
  local fields = {'type', 'messagepublished', 'from', from, 'via', ARGV[2], 'text', text}
  local f = 8
  if theirs then fields[9], fields[10], f = 'client_id', client_id, 10 end
  if reply_to ~= '' then fields[f + 1], fields[f + 2], f = 'reply_to', reply_to, f + 2 end
  if mentions ~= '' then fields[f + 1], fields[f + 2], f = 'mentions', mentions, f + 2 end
  if action ~= '' then fields[f + 1], fields[f + 2] = 'action', action end
  local id = enter(key, room, now, fields, 1)
  published[#published + 1] = payload(id, fields)
  posted[client_id] = id .. ' ' .. fingerprint
  fresh[#fresh + 1] = client_id
  fresh[#fresh + 1] = posted[client_id]
  if mentions ~= '' then mention(mentions, id) end
  return {'ok', id, how}
end

local results, created = {}, false
for i = 1, #names do
  local at = HEAD + (i - 1) * EACH
  local result = post(names[i], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6],
    posted[names[i]] or found[i + 3])
  results[i] = result
  created = created or result[3] == 'created'
end
if #published == 0 then return results end

commit(key, room, table.concat(published, RS))
redis.call('ZADD', members, 'XX', room[4], from)
local limits = limit and {'\2allowed', string.format('%.3f', allowed)} or {}
local ttl = 90000 + (limit and burst * 1000 / rate or 0)
if theirs then
  remember(sent, found, now, fresh, 3600000, 256)
  if limit then remember(own, limit, now, limits, 30000, 0, ttl) end
else
  if limit then fresh[#fresh + 1], fresh[#fresh + 2] = limits[1], limits[2] end
  remember(own, found, now, fresh, 30000, 0, ttl)
end

local n = tonumber(room[4])
if math.floor(n / 64) > math.floor(n_before / 64) then
  local keep = redis.call('HMGET', key, 'retention_messages', 'retention_ms')
  local count, age = tonumber(keep[1] or ARGV[5]), tonumber(keep[2] or ARGV[6])
  if count > 0 then redis.call('XTRIM', key .. ':log', 'MAXLEN', '~', count) end
  if age > 0 then redis.call('XTRIM', key .. ':log', 'MINID', '~', string.format('%.0f', now - age)) end
end
if created then
  for user, other in pairs({[from] = peer, [peer] = from}) do
    publish('wcc:user:{' .. user .. '}', transient(), {'type', 'conversationadded', 'target', 'wcchat://users/' .. other})
  end
end
return results
