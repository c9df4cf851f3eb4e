-- Ends a membership, whether by leaving, being kicked or banned; `append`, `access` and `sent` are included before. Afterwards
-- the caller takes the room out of the user's index. Returns the id of userleft.
local function end_membership(key, user, by, via, reason, now)
  redis.call('ZREM', key .. ':members', user)
  redis.call('ZREM', key .. ':names', user)
  redis.call('HDEL', key .. ':joined', user)
  redis.call('HDEL', key .. ':roles', user)
  redis.call('DEL', key .. ':mentions:' .. user)
  local sent, earlier = sent_keys(key, user)
  redis.call('EXPIRE', sent, 3600)
  redis.call('EXPIRE', earlier, 3600)
  local fields = {'type', 'userleft', 'from', by, 'via', via, 'user', user, 'by', by}
  if reason ~= '' then fields[#fields + 1], fields[#fields + 2] = 'reason', reason end
  local id = append(key, state_of(key), now, fields, 0)
  redis.call('HSET', key .. ':left', user, id)
  publish('wcc:user:{' .. user .. '}', transient(),
    {'type', 'conversationremoved', 'target', 'wcchat://rooms/' .. key:match('{(.*)}')})
  return id
end
