-- The time and what stands in the named fields.
-- KEYS: states    ARGV: fields    Answer: now ms, then each field's text or false
local t = redis.call('TIME')
local answer = { t[1] * 1000 + math.floor(t[2] / 1000) }
for i, field in ipairs(ARGV) do answer[i + 1] = redis.call('HGET', KEYS[1], field) end
return answer
