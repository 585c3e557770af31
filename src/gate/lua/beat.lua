-- This worker is here.
-- KEYS: workers    ARGV: worker, its lease ms    Answer: workers, whether this one is new here (1, 0)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local new = redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]))
return { redis.call('ZCARD', KEYS[1]), new }
