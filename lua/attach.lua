-- What attaching a session to a conversation needs. Asked after Redis confirmed the subscription, so that everything
-- behind the head will be heard.
-- KEYS  1 the conversation
-- ARGV  1 user
-- Result {ok, head, joined (events after it are the user's), n, read (n read up to)}
-- Errors not_found: no member (any more), or no such conversation
local key, user = KEYS[1], ARGV[1]
local read = redis.call('ZSCORE', key .. ':members', user)
local room = redis.call('HMGET', key, 'head', 'n', 'deleted')
if not read or room[3] then return {'not_found'} end
return {'ok', room[1] or '0-0', redis.call('HGET', key .. ':joined', user) or '0-0', room[2] or '0', read}
