-- Posts a new text with a new client id in each request, by one user after the other.
-- wrk ... -- USERS-FILE PATH NAME: `<user> <token>` a line, where to post, and what makes client ids unlike another run's.
local heads, count, name = {}, 0, ''

function init(args)
  for line in io.lines(args[1]) do
    local token = line:match(' (%S+)$')
    heads[#heads + 1] = {['Authorization'] = 'Bearer ' .. token, ['Content-Type'] = 'application/json'}
  end
  wrk.method, wrk.path, name = 'POST', args[2], args[3]
end

function request()
  count = count + 1
  local id = name .. count
  return wrk.format(nil, nil, heads[count % #heads + 1],
    '{"text":"a text of some length, as people write them when they talk: ' .. id .. '","client_id":"' .. id .. '"}')
end
