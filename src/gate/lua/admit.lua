-- Grants page loads to one permit, or says why not and takes nothing.
-- KEYS: platform's loads, crawls, spent; egress's loads, crawls, spent; spacing; workers
-- ARGV: worker, its lease ms, permit, first load's number, loads, begins (1, 0), minute ms, permit lease ms, spacing ms,
--       burst, then for platform and for egress: loads a minute, crawls at once, per hour, per day, bytes per day
-- Answer: granted (1, 0), wait ms, reason, now ms, workers, whether this worker is new here (1, 0)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local worker, worker_lease, permit = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local first, loads, begins = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local minute, lease = tonumber(ARGV[7]), tonumber(ARGV[8])
local period, burst = tonumber(ARGV[9]), tonumber(ARGV[10])

redis.call('ZREMRANGEBYSCORE', KEYS[8], '-inf', now)
local new = redis.call('ZADD', KEYS[8], now + worker_lease, worker)
redis.call('PEXPIRE', KEYS[8], worker_lease)
local workers = redis.call('ZCARD', KEYS[8])

local wait, reason = 0, ''
local function no(ms, why)
  if ms > wait then wait, reason = math.max(ms, 1), why end
end

-- What was spent in the sixty-one parts that may lie in the window, and how long until `more` fits into `budget`.
local function spent(key, letter, part, more, budget)
  local current, sum, parts = math.floor(now / part), 0, {}
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == letter then
      local at = tonumber(string.sub(all[i], 2))
      if at + 60 < current then
        redis.call('HDEL', key, all[i])
      else
        sum = sum + tonumber(all[i + 1])
        parts[#parts + 1] = { at, tonumber(all[i + 1]) }
      end
    end
  end
  local above = sum + more - budget
  if budget == 0 or above <= 0 then return 0 end
  table.sort(parts, function(a, b) return a[1] < b[1] end)
  for _, one in ipairs(parts) do
    above = above - one[2]
    if above <= 0 then return (one[1] + 61) * part - now end
  end
  return 60 * part
end

for level = 0, 1 do
  local key = level * 3
  local arg = 10 + level * 5
  local limit, at_once = tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
  redis.call('ZREMRANGEBYSCORE', KEYS[key + 1], '-inf', now)
  redis.call('ZREMRANGEBYSCORE', KEYS[key + 2], '-inf', now)
  if begins and redis.call('ZCARD', KEYS[key + 2]) >= at_once then no(1000, 'concurrency') end
  local above = redis.call('ZCARD', KEYS[key + 1]) + loads - limit
  if above > 0 then
    local leaves = redis.call('ZRANGE', KEYS[key + 1], above - 1, above - 1, 'WITHSCORES')[2]
    local ms = leaves and tonumber(leaves) - now or minute
    -- One that leaves after more than a minute is under way: nobody knows when it ends.
    if ms > minute + 1 then ms = math.ceil(minute / 20) end
    no(ms, 'minute')
  end
  no(spent(KEYS[key + 3], 'h', 60000, loads, tonumber(ARGV[arg + 3])), 'hour')
  no(spent(KEYS[key + 3], 'd', 1440000, loads, tonumber(ARGV[arg + 4])), 'day')
  no(spent(KEYS[key + 3], 'b', 1440000, 1, tonumber(ARGV[arg + 5])), 'bytes')
end

-- The pause between page loads of one address: the time at which the next is due, with a burst's worth of credit.
local due = math.max(now, tonumber(redis.call('GET', KEYS[7]) or '0')) + loads * period
no(math.ceil(due - now - burst * period), 'spacing')

if wait > 0 then return { 0, wait, reason, now, workers, new } end

redis.call('SET', KEYS[7], string.format('%.3f', due), 'PX', math.ceil(due - now) + 1000)
for level = 0, 1 do
  local key = level * 3
  for load = first, first + loads - 1 do
    redis.call('ZADD', KEYS[key + 1], now + lease + minute, permit .. ':' .. load)
  end
  redis.call('PEXPIRE', KEYS[key + 1], lease + minute)
  if begins then
    redis.call('ZADD', KEYS[key + 2], now + lease, permit)
    redis.call('PEXPIRE', KEYS[key + 2], lease)
  end
  redis.call('HINCRBY', KEYS[key + 3], 'h' .. math.floor(now / 60000), loads)
  redis.call('HINCRBY', KEYS[key + 3], 'd' .. math.floor(now / 1440000), loads)
  redis.call('PEXPIRE', KEYS[key + 3], 90000000)
end
return { 1, 0, '', now, workers, new }
