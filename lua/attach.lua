-- What attaching a session to a conversation needs. Asked after Redis confirmed the subscription, so that everything
-- behind the head will be heard.
-- KEYS  1 the conversation
-- ARGV  1 user  2 the id that the session goes on from, or empty
-- Result {ok, head, joined (events after it are the user's), n, read (n read up to), outside (`1` when an earlier membership
--        of theirs ended with the event of that id: up to their joining again nothing is for them)}
-- Errors not_found: no member (any more), or no such conversation
local key, user, from = KEYS[1], ARGV[1], ARGV[2] or ''
local read = redis.call('ZSCORE', key .. ':members', user)
local room = redis.call('HMGET', key, 'head', 'n', 'deleted')
if not read or room[3] then return {'not_found'} end
local joined = redis.call('HGET', key .. ':joined', user) or '0-0'

local outside = ''
if from ~= '' and tonumber(from:match('%-(%d+)')) <= tonumber(joined:match('%-(%d+)')) then
  --- include chain
  local entry = redis.call('XRANGE', key .. ':log', from, from)[1]
  local type = entry and field(entry, 'type')
  if type == 'roomdeleted' or type == 'userleft' and field(entry, 'user') == user then outside = '1' end
end

return {'ok', room[1] or '0-0', joined, room[2] or '0', read, outside}
