-- Notes or forgets a session of a worker; noted before the user's own entry is.
-- KEYS  1 the worker
-- ARGV  1 `add` or `remove`  2 `<user>/<channel>/<n>`
-- Result {ok}
redis.call(ARGV[1] == 'add' and 'SADD' or 'SREM', KEYS[1] .. ':sessions', ARGV[2])
return {'ok'}
