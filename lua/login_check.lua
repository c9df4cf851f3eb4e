-- May somebody try a password now? Failures are counted per account and per address.
-- KEYS  1 wcc:login:{u:<user>} or wcc:login:{a:<address>}
-- Result {ok}
-- Errors rate_limited (retry ms)
--- include time
local wait = tonumber(redis.call('HGET', KEYS[1], 'until') or 0) - now_ms()
if wait > 0 then return {'rate_limited', string.format('%.0f', wait)} end
return {'ok'}
