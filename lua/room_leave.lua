-- Ends a membership: by leaving, or by being kicked. Afterwards the caller takes the room out of the user's index.
-- KEYS  1 the room
-- ARGV  1 user  2 by (the same when leaving)  3 via  4 `1` for a site administrator  5 reason or empty  6 request
-- Result {ok, id of userleft}
-- Errors not_found (the room, or no such member to kick), not_a_member, banned, forbidden: no higher role than the kicked
--- include append
--- include access
--- include once
--- include sent
--- include leave
local key, user, by = KEYS[1], ARGV[1], ARGV[2]
local before = answered(key, ARGV[6])
if before then return before end
local now = now_ms()
local refused = unreadable(key, by, ARGV[4], now)
if refused then return {refused} end
if user == by then
  if not member(key, user) then return {'not_a_member'} end
else
  refused = protected(key, user, by, ARGV[4])
  if refused then return {refused} end
  if not member(key, user) then return {'not_found', 'no such member'} end
end
return answer(key, ARGV[6], {'ok', end_membership(key, user, by, ARGV[3], ARGV[5], now)})
