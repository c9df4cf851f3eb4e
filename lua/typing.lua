-- Tells a conversation that a member is writing. Nothing of it is kept but that it was told just now: more often than
-- every ARGV 3 the same member's is answered and not passed on.
-- KEYS  1 the conversation
-- ARGV  1 user  2 via  3 ms to the next one at least
-- Result {ok, told (0 or 1)}
-- Errors not_found, not_a_member, banned
--- include time
--- include publish
--- include access
local key, user = KEYS[1], ARGV[1]
if not member(key, user) then return {outsider(key, user, now_ms())} end
if redis.call('HEXISTS', key, 'closed') == 1 then return {'not_found'} end
if not redis.call('SET', key .. ':typing:' .. user, '', 'NX', 'PX', ARGV[3]) then return {'ok', '0'} end
publish(key, transient(), {'type', 'typing', 'from', user, 'via', ARGV[2]})
return {'ok', '1'}
