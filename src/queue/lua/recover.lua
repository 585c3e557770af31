-- Gives back what was leased to this worker in an answer that never arrived: pending entries of ours that we do not know.
-- ARGV: 3 worker, 4 number of streams, the streams, then the entries we know as stream and entry. Returns how many.
local known, back = {}, 0
local first = 5 + tonumber(ARGV[4])
for a = first, #ARGV, 2 do known[ARGV[a] .. ' ' .. ARGV[a + 1]] = true end
for a = 5, first - 1 do
  local stream = ARGV[a]
  local pending = redis.pcall('XPENDING', stream, GROUP, '-', '+', 1000, ARGV[3])
  if pending.err then pending = {} end
  for _, p in ipairs(pending) do
    if not known[stream .. ' ' .. p[1]] then
      local e = redis.call('XRANGE', stream, p[1], p[1])[1]
      redis.call('XACK', stream, GROUP, p[1])
      redis.call('XDEL', stream, p[1])
      local id = e and e[2][2]
      local h = id and redis.call('HMGET', job_key(id), 'state', 'owner', 'entry', 'lane', 'fence')
      if h and h[1] == 'leased' and h[2] == ARGV[3] and h[3] == p[1] then
        redis.call('HSET', job_key(id), 'fence', digits(tonumber(h[5]) + 1))
        enqueue(id, stream == QUARANTINE and QUARANTINE or lane_key(h[4], 'back'))
        back = back + 1
      end
    end
  end
end
return back
