-- Puts a room into the directory of public rooms; before the room is made public (an index is a superset of the truth).
-- KEYS  1 wcc:rooms
-- ARGV  1 room
-- Result {ok}
redis.call('ZADD', KEYS[1], 0, ARGV[1])
return {'ok'}
