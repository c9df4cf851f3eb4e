-- What one user has posted, by client id, in two generations of a hash: `base`, and `base:before`. A record is looked for in
-- both; when a generation is old and large enough, the next begins and the one before is dropped whole. So forgetting costs
-- nothing a record, and none goes before its time.
-- Field names that no client id can have: \1… (of workers' own requests), \2since (ms: when the generation began),
-- \2before (there is another), \2allowed (when the rate limit's bucket is full again, ms).

-- {since, before, allowed, names' records…}, false where there is none.
local function recall(base, names)
  local found = redis.call('HMGET', base, '\2since', '\2before', '\2allowed', unpack(names))
  if found[2] and #names > 0 then
    local older = redis.call('HMGET', base .. ':before', unpack(names))
    for i = 1, #names do found[i + 3] = found[i + 3] or older[i] end
  end
  return found
end

-- Keeps `fields` (name, record, …) for at least `period` ms and until `least` others came; `ttl` ms, if any, is how long the
-- generation is kept when nothing comes any more. `found` is from recall.
local function remember(base, found, now, fields, period, least, ttl)
  local since, f = tonumber(found[1]), #fields
  local full = since and now - since >= period and (least == 0 or redis.call('HLEN', base) >= least + 2)
  if full then
    redis.call('UNLINK', base .. ':before')
    redis.call('RENAME', base, base .. ':before')
    fields[f + 1], fields[f + 2] = '\2before', '1'
    f = f + 2
  end
  if full or not since then fields[f + 1], fields[f + 2] = '\2since', string.format('%d', now) end
  redis.call('HSET', base, unpack(fields))
  if ttl and (full or not since) then redis.call('PEXPIRE', base, string.format('%d', ttl)) end
end

-- Keys of all that.
local function sent_keys(key, user)
  local sent, own = key .. ':sent:' .. user, key .. ':own:' .. user
  return sent, own, sent .. ':before', own .. ':before'
end
