-- Tells every worker that holds something of this user to look again at who may still do what. `keep` names a session
-- that is not ended by it.
local function account_changed(key, keep)
  redis.call('HINCRBY', key, 'version', 1)
  publish(key, transient(), {'type', 'accountchanged', 'keep', keep or ''})
end

local function exists(key)
  local user = redis.call('HMGET', key, 'created', 'deleted')
  return user[1] and not user[2]
end

-- A refresh-token family, as kept in `:refresh`: `<digest> <digest before or -> <since ms> <used ms> <expires ms> <address> <agent>`.
local function family_read(text)
  local digest, before, since, used, expires, address, agent = text:match('^(%S+) (%S+) (%d+) (%d+) (%d+) (%S+) (.*)$')
  return {digest = digest, before = before, since = since, used = used, expires = tonumber(expires), address = address,
    agent = agent}
end

local function family_text(f)
  return table.concat({f.digest, f.before, f.since, f.used, string.format('%.0f', f.expires), f.address, f.agent}, ' ')
end
