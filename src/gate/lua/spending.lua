-- What is in one budget now.
-- KEYS: loads, crawls, spent    Answer: loads, crawls, of the last hour, of the last day, bytes of the last day
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local sums = { h = 0, d = 0, b = 0 }
local all = redis.call('HGETALL', KEYS[3])
for i = 1, #all, 2 do
  local letter, at = string.sub(all[i], 1, 1), tonumber(string.sub(all[i], 2))
  local part = letter == 'h' and 60000 or 1440000
  if at + 60 >= math.floor(now / part) then sums[letter] = sums[letter] + tonumber(all[i + 1]) end
end
return {
  redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf'), redis.call('ZCOUNT', KEYS[2], '(' .. now, '+inf'),
  sums.h, sums.d, sums.b,
}
