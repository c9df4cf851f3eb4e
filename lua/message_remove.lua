-- Really removes an entry from a log (an operator's last resort: a leaked secret) and leaves its place in the chain.
-- KEYS  1 the conversation
-- ARGV  1 id
-- Of an edit: its message has the text again with which it was posted, if it was not deleted; of a message: its edits have
-- entries of their own.
-- Result {ok}
-- Errors not_found
--- include chain
--- include folded
local key, id = KEYS[1], ARGV[1]
local entry = redis.call('XRANGE', key .. ':log', id, id)[1]
if not entry then return redis.call('HEXISTS', key .. ':holes', id) == 1 and {'ok'} or {'not_found'} end
redis.call('HSET', key .. ':holes', id, field(entry, 'prev'))
redis.call('XDEL', key .. ':log', id)
local edited = field(entry, 'type') == 'messageedited' and field(entry, 'id')
local record = redis.call('HGET', key .. ':edits', edited or id)
if record and edit_of(record)[3] then redis.call('HDEL', key .. ':edits', edited or id) end -- what was deleted stays deleted
if not edited then unreact(key, id) end
return {'ok'}
