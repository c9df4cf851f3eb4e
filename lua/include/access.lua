-- Who may see and do what in a conversation: the one place that decides it.

-- A ban is `<expiry ms, 0 for ever> <by> <reason>`.
local function banned(key, user, now)
  local ban = redis.call('HGET', key .. ':bans', user)
  if not ban then return false end
  local expiry = tonumber(ban:match('^%d+')) or 0
  return expiry == 0 or expiry > now
end

local function member(key, user)
  return redis.call('ZSCORE', key .. ':members', user)
end

-- owner 3, moderator 2, member 1, outsider 0; a site administrator stands above all.
local RANK = {owner = 3, moderator = 2}
local function rank(key, user, admin)
  if admin == '1' then return 4 end
  if not member(key, user) then return 0 end
  return RANK[redis.call('HGET', key .. ':roles', user) or ''] or 1
end

-- nil when `user` may read the conversation, else the error: a private room does not exist for outsiders.
local function unreadable(key, user, admin, now)
  local room = redis.call('HMGET', key, 'visibility', 'deleted', 'created')
  if not room[3] or room[2] then return 'not_found' end
  if member(key, user) or (admin == '1' and room[1]) then return nil end
  if room[1] ~= 'public' then return 'not_found' end
  if banned(key, user, now) then return 'banned' end
  return nil
end

-- What an outsider who wants to write is told.
local function outsider(key, user, now)
  return unreadable(key, user, '0', now) or 'not_a_member'
end

-- What stands against `by` removing or banning `user`: nil when they may. Only from a higher role down.
local function protected(key, user, by, admin)
  local mine = rank(key, by, admin)
  if mine == 0 then return 'not_a_member' end
  if mine < 2 or rank(key, user, '0') >= mine then return 'forbidden' end
  return nil
end

-- What stands against `by` looking after the room's people: nil for owners, moderators and site administrators.
local function unmanageable(key, by, admin, now)
  local refused = unreadable(key, by, admin, now)
  if refused then return refused end
  local mine = rank(key, by, admin)
  return mine == 0 and 'not_a_member' or mine < 2 and 'forbidden' or nil
end
