-- A worker sends a request again when its answer was lost. Where doing it twice would not give the same answer, the
-- first answer is kept for a minute under the worker's own name for the request (may be absent: then nothing is kept).
local function answered(key, request)
  local text = (request or '') ~= '' and redis.call('GET', key .. ':once:' .. request)
  return text and cjson.decode(text)
end

local function answer(key, request, result)
  if (request or '') ~= '' then redis.call('SET', key .. ':once:' .. request, cjson.encode(result), 'PX', 60000) end
  return result
end
