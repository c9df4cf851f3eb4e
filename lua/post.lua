-- Posts a message: admission, idempotency, seq, append, publish, one's own read marker, in one step.
-- KEYS  1 the conversation
-- ARGV  1 from  2 via  3 client id  4 fingerprint of what is said  5 `1` when the worker made the client id
--       6 posts a second allowed (0: any)  7 burst  8 retention: entries (0: all)  9 retention: ms (0: for ever)
--       10 the peer, to make a direct conversation that does not exist yet, else empty  11 users mentioned, by spaces
--       12 reply to (an id) or empty  13 text  14… further fields and values
-- Result {ok, id, new | repeated | created}; {absent} for a direct conversation that does not exist yet
-- Errors not_a_member, banned, not_found, conflict (client id used for another text), rate_limited (retry ms),
--        bad_request (reply to)
--- include append
--- include access
--- include chain
local key, from, client_id = KEYS[1], ARGV[1], ARGV[3]
local members, sent = key .. ':members', key .. ':sent:' .. from
local now = now_ms()
local room = redis.call('HMGET', key, 'seq', 'head', 'last_ms', 'n', 'deleted', 'closed', 'born')
local made = 'new'

if room[5] or room[6] then return {'not_found'} end

-- A client id of the worker's own is kept apart from clients' by a byte that theirs can't have. What was posted once stays
-- posted, even if its author is no member any more; but a deleted room's messages are not those of one made again.
local own = ARGV[5] == '1'
local name = own and '\1' .. client_id or client_id
local kept = redis.call('HMGET', sent, name, '\2allowed', '\2prune')
if kept[1] then
  local id, fingerprint = kept[1]:match('^(%S+) (%S+)')
  if tonumber(id:match('%d+$')) >= (tonumber(room[7]) or 0) then
    if fingerprint ~= ARGV[4] then return {'conflict', 'this client id was used for another text'} end
    return {'ok', id, 'repeated'}
  end
end

if not redis.call('ZSCORE', members, from) then
  if key:sub(1, 7) ~= 'wcc:dm:' then return {outsider(key, from, now)} end
  if ARGV[10] == '' then return {'absent'} end
  made = 'created'
end

-- The generic cell rate algorithm (ITU-T I.371): `allowed` is the time at which the bucket is full again.
local rate, allowed = tonumber(ARGV[6]), 0
if rate > 0 then
  allowed = math.max(tonumber(kept[2]) or 0, now) + 1000 / rate
  local early = allowed - now - tonumber(ARGV[7]) * 1000 / rate
  if early > 0 then return {'rate_limited', string.format('%.0f', math.ceil(early))} end
end

local reply_to = ARGV[12]
if reply_to ~= '' then
  local entry = redis.call('XRANGE', key .. ':log', reply_to, reply_to)[1]
  if not entry or field(entry, 'type') ~= 'messagepublished' then
    return {'bad_request', 'reply_to names no message of this conversation'}
  end
end

local fields = {'type', 'messagepublished', 'from', from, 'via', ARGV[2], 'text', ARGV[13]}
local function put(k, v)
  if v ~= '' then fields[#fields + 1], fields[#fields + 2] = k, v end
end
if not own then put('client_id', client_id) end
put('reply_to', reply_to)
put('mentions', ARGV[11])
for i = 14, #ARGV, 2 do put(ARGV[i], ARGV[i + 1]) end

if made == 'created' then
  for _, user in ipairs({from, ARGV[10]}) do
    redis.call('ZADD', members, 'NX', 0, user)
    redis.call('HSETNX', key .. ':joined', user, '0-0')
  end
  redis.call('HSETNX', key, 'created', string.format('%.0f', now))
end
local id, n, n_text = append(key, room, now, fields, 1)
redis.call('ZADD', members, 'XX', n_text, from)

-- Forget old client ids now and then: a client's after an hour, but never the last 256; the worker's after its retries.
local left = (tonumber(kept[3]) or 256) - 1
if left <= 0 then
  local all, old = redis.call('HGETALL', sent), {}
  local theirs = {}
  for i = 1, #all, 2 do
    local first = all[i]:byte()
    local ms, seq = all[i + 1]:match('^(%d+)-(%d+) ')
    if first == 1 and tonumber(ms) < now - 30000 then old[#old + 1] = all[i] end
    if first > 2 then theirs[#theirs + 1] = {all[i], tonumber(ms), tonumber(seq)} end
  end
  table.sort(theirs, function(a, b) return a[3] > b[3] end)
  for i = 257, #theirs do
    if theirs[i][2] < now - 3600000 then old[#old + 1] = theirs[i][1] end
  end
  for i = 1, #old, 1000 do redis.call('HDEL', sent, unpack(old, i, math.min(i + 999, #old))) end
  left = math.max(256, #all / 2 - #old)
end
left = string.format('%d', left)
local record = id .. ' ' .. ARGV[4]
if rate > 0 then
  redis.call('HSET', sent, name, record, '\2prune', left, '\2allowed', string.format('%.3f', allowed))
else
  redis.call('HSET', sent, name, record, '\2prune', left)
end

for user in ARGV[11]:gmatch('%S+') do
  if user ~= from and redis.call('ZSCORE', members, user) then
    redis.call('ZADD', key .. ':mentions:' .. user, n, id)
    redis.call('ZREMRANGEBYRANK', key .. ':mentions:' .. user, 0, -1001)
  end
end
if n % 64 == 0 then
  local keep = redis.call('HMGET', key, 'retention_messages', 'retention_ms')
  local count, age = tonumber(keep[1] or ARGV[8]), tonumber(keep[2] or ARGV[9])
  if count > 0 then redis.call('XTRIM', key .. ':log', 'MAXLEN', '~', count) end
  if age > 0 then redis.call('XTRIM', key .. ':log', 'MINID', '~', string.format('%.0f', now - age)) end
end
if made == 'created' then
  for user, peer in pairs({[from] = ARGV[10], [ARGV[10]] = from}) do
    publish('wcc:user:{' .. user .. '}', transient(), {'type', 'conversationadded', 'target', 'wcchat://users/' .. peer})
  end
end
return {'ok', id, made}
