-- What one user has posted, by client id, in two generations of a hash: `base`, and `base:before`. A record is looked for in
-- both; when a generation is an hour old and has 256 records, the next begins and the one before is dropped whole. So
-- forgetting costs nothing a record, and none goes before its time.
-- Field names that no client id can have: \2since (ms: when the generation began), \2before (there is another).

-- Keys of all that.
local function sent_keys(key, user)
  local base = key .. ':sent:' .. user
  return base, base .. ':before'
end

-- {since, before, the record}, false where there is none.
local function recall(base, client_id)
  local found = redis.call('HMGET', base, '\2since', '\2before', client_id)
  if found[2] and not found[3] then found[3] = redis.call('HGET', base .. ':before', client_id) end
  return found
end

-- `found` is from recall.
local function remember(base, found, now, client_id, record)
  local since = tonumber(found[1])
  if since and now - since >= 3600000 and redis.call('HLEN', base) >= 258 then
    redis.call('UNLINK', base .. ':before')
    redis.call('RENAME', base, base .. ':before')
    redis.call('HSET', base, client_id, record, '\2before', '1', '\2since', string.format('%d', now))
  elseif since then
    redis.call('HSET', base, client_id, record)
  else
    redis.call('HSET', base, client_id, record, '\2since', string.format('%d', now))
  end
end
