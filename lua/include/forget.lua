-- Forgets a conversation; `sent` is included before.

-- What only concerns one member.
local function forget_member(key, user)
  redis.call('UNLINK', key .. ':mentions:' .. user, sent_keys(key, user))
end

-- All but its hash and what concerns single members.
local function forget(key)
  for _, id in ipairs(redis.call('HKEYS', key .. ':reactions')) do redis.call('UNLINK', key .. ':reacted:' .. id) end
  redis.call('UNLINK', key .. ':log', key .. ':members', key .. ':names', key .. ':joined', key .. ':roles', key .. ':bans',
    key .. ':holes', key .. ':left', key .. ':edits', key .. ':reactions')
end
