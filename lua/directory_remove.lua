-- Takes a room out of the directory; after it was deleted or made private.
-- KEYS  1 wcc:rooms
-- ARGV  1 room
-- Result {ok}
redis.call('ZREM', KEYS[1], ARGV[1])
return {'ok'}
