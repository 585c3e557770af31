-- Ends leases, each only for its owner and fence: an XACK by anybody succeeds, so the check must stand before it.
-- ARGV: 3 worker, then for each lease id, stream, entry, fence, verb, wait in ms. Verbs: done (who waits behind is
-- answered), drop (who waits behind moves up), retry (an attempt is spent), snooze (none is), back (to the front of its
-- lane, none is spent). Returns for each {code, answered ids}: 0 somebody else has it, 1 settled, 2 Redis knows no such job.
local worker = ARGV[3]

local function settle(id, stream, entry, fence, verb, after)
  local h = redis.call('HMGET', job_key(id), 'state', 'owner', 'fence', 'target', 'lane', 'deaths', 'posts', 'frame')
  if not h[1] then return { 2, {} } end
  if h[3] ~= fence then return { 0, {} } end
  -- The fence is this lease's and the lease is over: we settled it before and the answer was lost on its way.
  if h[1] ~= 'leased' then return { 1, {} } end
  if h[2] ~= worker then return { 0, {} } end
  redis.pcall('XACK', stream, GROUP, entry)
  redis.call('XDEL', stream, entry)
  if verb == 'done' or verb == 'drop' then
    return { 1, finish(id, h[4], tonumber(h[7]), h[8], verb == 'done') }
  end
  if verb == 'back' then
    local quarantined = tonumber(h[6]) >= QUARANTINE_AFTER
    -- A new fence: whoever still settles the same lease afterwards is told that it is over.
    redis.call('HINCRBY', job_key(id), 'fence', 1)
    enqueue(id, quarantined and QUARANTINE or lane_key(h[5], 'back'))
    return { 1, {} }
  end
  if verb == 'retry' then redis.call('HINCRBY', job_key(id), 'attempt', 1) end
  postpone(id, after)
  return { 1, {} }
end

local replies = {}
for a = 4, #ARGV, 6 do
  replies[#replies + 1] = settle(ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4], tonumber(ARGV[a + 5]))
end
return replies
