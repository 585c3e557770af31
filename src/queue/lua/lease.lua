-- Leases up to `most` jobs: streams by class (handed back, high, normal, low) and within a class lane by lane. A job
-- in quarantine is leased only while no other is: it must be the only suspect when its worker dies.
-- ARGV: 3 worker, 4 most, 5 highest wire version we read, 6 due jobs to move first, 7 quarantine too (1 or 0),
-- then pairs of lane and its free capacity.
-- Returns {leases, cursors, ms until the next delayed job is due or -1}; a lease is {id, wire JSON, stream, entry, fence,
-- attempts spent, deaths, ms waited}; cursors (only where nothing was leased) are pairs of stream and its last id.
local worker, left, version = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local leases = {}

local function read(stream, count)
  local reply = redis.pcall('XREADGROUP', 'GROUP', GROUP, worker, 'COUNT', count, 'STREAMS', stream, '>')
  if reply and reply.err then
    if not string.find(reply.err, 'NOGROUP', 1, true) then return reply end
    -- New, flushed or evicted: whatever stands in the stream is delivered again from its beginning. The XACK does
    -- nothing; as the first write it lets the group be made on a full Redis too.
    redis.call('XACK', stream, GROUP, '0-0')
    local made = redis.pcall('XGROUP', 'CREATE', stream, GROUP, '0', 'MKSTREAM')
    if made.err then return false end
    reply = redis.call('XREADGROUP', 'GROUP', GROUP, worker, 'COUNT', count, 'STREAMS', stream, '>')
  end
  return reply and reply[1][2]
end

local function take(stream, entry, id)
  local key = id and job_key(id) or ''
  local h = redis.call('HMGET', key, 'state', 'stream', 'entry', 'v', 'job', 'attempt', 'deaths', 'fence')
  local ours = (h[1] == 'waiting' or h[1] == 'leased') and h[2] == stream and h[3] == entry
  if not ours or tonumber(h[4]) > version then
    redis.call('XACK', stream, GROUP, entry)
    redis.call('XDEL', stream, entry)
    -- Written by a newer version: a worker of that version will take it.
    if ours then postpone(id, 1000) end
    return false
  end
  local fence = math.max(tonumber(h[8]) + 1, NOW_US)
  redis.call('HSET', key, 'state', 'leased', 'owner', worker, 'fence', digits(fence))
  local waited = NOW_MS - tonumber(string.match(entry, '^%d+'))
  leases[#leases + 1] = { id, h[5], stream, entry, fence, tonumber(h[6]), tonumber(h[7]), math.max(waited, 0) }
  return true
end

-- Leases up to `count` of one stream and tells how many; entries that lead nowhere are dropped on the way.
local function lease(stream, count)
  local taken = 0
  for _ = 1, 8 do
    if taken >= count then break end
    local entries = read(stream, count - taken)
    if not entries then break end
    if entries.err then return entries end
    local asked = count - taken
    for _, e in ipairs(entries) do
      if take(stream, e[1], e[2] and e[2][2]) then taken = taken + 1 end
    end
    if #entries < asked then break end
  end
  left = left - taken
  return taken
end

promote(tonumber(ARGV[6]))
local streams = {}
if ARGV[7] == '1' then
  streams[1] = QUARANTINE
  local pending = redis.pcall('XPENDING', QUARANTINE, GROUP)
  if left > 0 and (pending.err or pending[1] == 0) then
    local taken = lease(QUARANTINE, 1)
    if type(taken) == 'table' then return taken end
  end
end
local free = {}
for _, class in ipairs({ 'back', 'high', 'normal', 'low' }) do
  for a = 8, #ARGV, 2 do
    local lane, stream = ARGV[a], lane_key(ARGV[a], class)
    free[lane] = free[lane] or tonumber(ARGV[a + 1])
    streams[#streams + 1] = stream
    if left > 0 and free[lane] > 0 then
      local taken = lease(stream, math.min(left, free[lane]))
      if type(taken) == 'table' then return taken end
      free[lane] = free[lane] - taken
    end
  end
end

local cursors = {}
if #leases == 0 then
  for _, stream in ipairs(streams) do
    local last, info = '0-0', redis.pcall('XINFO', 'STREAM', stream)
    if not info.err then
      for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then last = info[i + 1] end
      end
    end
    cursors[#cursors + 1] = stream
    cursors[#cursors + 1] = last
  end
end
local first = redis.call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')
local wait = first[2] and math.max(tonumber(first[2]) - NOW_MS, 1) or -1
return { leases, cursors, wait }
