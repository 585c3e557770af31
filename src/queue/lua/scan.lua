-- One page of all jobs that Redis knows. ARGV: 3 cursor, 4 about how many keys to look at.
-- Returns {next cursor, jobs}, each {id, wire JSON, state, attempts spent, deaths, fence}.
local page = redis.call('SCAN', ARGV[3], 'MATCH', P .. ':job:*', 'COUNT', ARGV[4])
local jobs, skip = {}, #P + 6
for _, key in ipairs(page[2]) do
  local h = redis.call('HMGET', key, 'job', 'state', 'attempt', 'deaths', 'fence')
  if h[1] and h[2] then
    jobs[#jobs + 1] = { string.sub(key, skip), h[1], h[2], tonumber(h[3]), tonumber(h[4]), tonumber(h[5]) }
  end
end
return { page[1], jobs }
