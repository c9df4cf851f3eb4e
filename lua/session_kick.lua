-- Asks the worker that holds a session to end it.
-- KEYS  1 the user
-- ARGV  1 `<worker>/<channel>/<n>`
-- Result {ok}
-- Errors not_found
--- include publish
if redis.call('HEXISTS', KEYS[1] .. ':sessions', ARGV[1]) == 0 then return {'not_found'} end
publish(KEYS[1], transient(), {'type', 'sessionended', 'session', ARGV[1]})
return {'ok'}
