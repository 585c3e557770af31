-- Takes back leases whose worker has been silent for longer than a lease. XPENDING with IDLE walks the whole list of
-- pending entries in one command (10,000 in about a millisecond), so live entries never hide a dead one.
-- ARGV: 3 lease in ms, 4 most per stream, 5 deaths that are final in quarantine, then the streams.
-- Returns {more (1 or 0), reclaimed}; each of these is {id, worker, deaths, fate}: back, quarantine, dead, cancelled.
local count, more, found = tonumber(ARGV[4]), 0, {}

local function reclaim(stream, entry, worker)
  local e = redis.call('XRANGE', stream, entry, entry)[1]
  redis.call('XACK', stream, GROUP, entry)
  redis.call('XDEL', stream, entry)
  local id = e and e[2][2]
  if not id then return end
  local key = job_key(id)
  local h = redis.call('HMGET', key, 'state', 'entry', 'deaths', 'fence', 'lane', 'cancel')
  if h[1] ~= 'leased' or h[2] ~= entry then return end
  local deaths, fate = tonumber(h[3]) + 1, 'back'
  if h[6] == '1' then
    fate = 'cancelled'
  elseif stream == QUARANTINE and deaths >= tonumber(ARGV[5]) then
    fate = 'dead'
  elseif deaths >= QUARANTINE_AFTER then
    fate = 'quarantine'
  end
  -- A new fence: from now on the silent worker is told that it lost its lease.
  redis.call('HSET', key, 'deaths', deaths, 'fence', digits(tonumber(h[4]) + 1), 'owner', '')
  if fate == 'back' then
    enqueue(id, lane_key(h[5], 'back'))
  elseif fate == 'quarantine' then
    enqueue(id, QUARANTINE)
  else
    redis.call('ZADD', DYING, digits(NOW_MS), id)
    redis.call('HSET', key, 'state', fate)
  end
  found[#found + 1] = { id, worker, deaths, fate }
end

for a = 6, #ARGV do
  local idle = redis.pcall('XPENDING', ARGV[a], GROUP, 'IDLE', ARGV[3], '-', '+', count)
  if not idle.err then
    if #idle == count then more = 1 end
    for _, p in ipairs(idle) do reclaim(ARGV[a], p[1], p[2]) end
  end
end
-- Who is dead or cancelled is told again until the engine has written it down and closes the job.
for _, id in ipairs(redis.call('ZRANGE', DYING, 0, count - 1)) do
  local h = redis.call('HMGET', job_key(id), 'state', 'deaths')
  if h[1] == 'dead' or h[1] == 'cancelled' then
    local told = false
    for _, f in ipairs(found) do told = told or f[1] == id end
    if not told then found[#found + 1] = { id, '', tonumber(h[2]), h[1] } end
  else
    redis.call('ZREM', DYING, id)
  end
end
return { more, found }
