-- Notes or forgets sessions of a worker; noted before the users' own entries are.
-- KEYS  1 the worker
-- ARGV  1 `add` or `remove`  then each `<user>/<channel>/<n>`, up to 128
-- Result {ok}
redis.call(ARGV[1] == 'add' and 'SADD' or 'SREM', KEYS[1] .. ':sessions', unpack(ARGV, 2))
return {'ok'}
