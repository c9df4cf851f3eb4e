-- Which NATS user keys of a user must not be used any more: their login is over, or the account is locked.
-- KEYS  1 the user
-- Result {ok, key, when it expires (seconds), …}
--- include time
local key = KEYS[1]
local account = redis.call('HMGET', key, 'disabled', 'deleted', 'generation')
local usable = not account[1] and not account[2]
local now = math.floor(now_ms() / 1000)
local all, out = redis.call('HGETALL', key .. ':nats'), {'ok'}
for i = 1, #all, 2 do
  local expires, generation, family = all[i + 1]:match('^(%d+) (%d+) (.*)$')
  local good = usable
  if good and family ~= '' then
    good = redis.call('HEXISTS', key .. ':refresh', family) == 1
  elseif good then
    good = generation == account[3]
  end
  if not good and tonumber(expires) >= now then
    out[#out + 1] = all[i]
    out[#out + 1] = expires
  end
end
return out
