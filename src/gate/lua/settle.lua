-- Ends page loads of a permit, and the permit itself where it is over.
-- KEYS: platform's loads, crawls, spent; egress's loads, crawls, spent
-- ARGV: permit, first load that is over, last load that is over, last load reserved, ends (1, 0), minute ms,
--       when it was reserved in ms, bytes
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local permit, first, last, reserved = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ends, minute, at, bytes = ARGV[5] == '1', tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
for level = 0, 1 do
  local key = level * 3
  for load = first, last do
    -- Both ends of a minute belong to it. Added even where the lease had lapsed: it did happen.
    redis.call('ZADD', KEYS[key + 1], now + minute + 1, permit .. ':' .. load)
  end
  if ends then
    redis.call('ZREM', KEYS[key + 2], permit)
    for load = last + 1, reserved do
      redis.call('ZREM', KEYS[key + 1], permit .. ':' .. load)
      redis.call('HINCRBY', KEYS[key + 3], 'h' .. math.floor(at / 60000), -1)
      redis.call('HINCRBY', KEYS[key + 3], 'd' .. math.floor(at / 1440000), -1)
    end
    if bytes > 0 then redis.call('HINCRBY', KEYS[key + 3], 'b' .. math.floor(now / 1440000), ARGV[8]) end
    redis.call('PEXPIRE', KEYS[key + 3], 90000000)
  end
  if redis.call('PTTL', KEYS[key + 1]) < minute + 1000 then redis.call('PEXPIRE', KEYS[key + 1], minute + 1000) end
end
return now
