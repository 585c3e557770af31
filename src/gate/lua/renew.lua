-- Keeps the place of a permit whose crawl goes on.
-- KEYS: platform's loads, crawls; egress's loads, crawls
-- ARGV: permit, first load under way or reserved, last one, minute ms, permit lease ms
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local permit, minute, lease = ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5])
for level = 0, 1 do
  local loads, crawls = KEYS[level * 2 + 1], KEYS[level * 2 + 2]
  for load = tonumber(ARGV[2]), tonumber(ARGV[3]) do
    redis.call('ZADD', loads, 'XX', now + lease + minute, permit .. ':' .. load)
  end
  redis.call('ZADD', crawls, 'XX', now + lease, permit)
  redis.call('PEXPIRE', loads, lease + minute)
  redis.call('PEXPIRE', crawls, lease)
end
return now
