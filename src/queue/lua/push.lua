-- Puts jobs into Redis; one that Redis already holds is left as it is. 12 arguments a job: id, wire version, wire JSON,
-- lane, priority, target, posts, frame, attempts spent, deaths, last fence, delay in ms.
-- Returns for each {0} already there, {1} queued, or {2, owner} waiting behind the owner, who crawls the same profile.
local function most(a, b) return math.max(tonumber(a) or 0, tonumber(b) or 0) end

-- A person may now wait for the owner: it moves to the streams of the higher priority.
local function hurry(owner, priority)
  local h = redis.call('HMGET', job_key(owner), 'state', 'stream', 'entry', 'lane', 'priority')
  if RANK[priority] >= (RANK[h[5]] or 0) then return end
  redis.call('HSET', job_key(owner), 'priority', priority)
  if h[1] == 'waiting' and h[2] == lane_key(h[4], h[5]) then
    redis.call('XDEL', h[2], h[3])
    enqueue(owner, lane_key(h[4], priority))
  end
end

local function push(a)
  local id, lane, priority, target, posts, frame = ARGV[a], ARGV[a + 3], ARGV[a + 4], ARGV[a + 5], ARGV[a + 6], ARGV[a + 7]
  local key, lock = job_key(id), lock_key(target)
  if held(id) then return { 0 } end
  -- What an interrupted life of the job left behind still counts: fences and deaths never fall.
  local old = redis.call('HMGET', key, 'attempt', 'deaths', 'fence')
  local attempt, deaths, fence = most(old[1], ARGV[a + 8]), most(old[2], ARGV[a + 9]), most(old[3], ARGV[a + 10])
  redis.call('HSET', key, 'v', ARGV[a + 1], 'job', ARGV[a + 2], 'lane', lane, 'priority', priority, 'target', target,
    'posts', posts, 'frame', frame, 'attempt', attempt, 'deaths', deaths, 'fence', digits(fence))
  local owner = redis.call('GET', lock)
  if owner and owner ~= id and held(owner) then
    hurry(owner, priority)
    redis.call('ZADD', behind_key(target), digits(NOW_US), id)
    redis.call('HSET', key, 'state', 'behind', 'owner', '')
    return { 2, owner }
  end
  redis.call('SET', lock, id)
  redis.call('ZREM', behind_key(target), id)
  local delay = tonumber(ARGV[a + 11])
  if delay > 0 then postpone(id, delay) else enqueue(id, home(lane, priority, deaths)) end
  return { 1 }
end

local replies = {}
for a = 3, #ARGV, 12 do replies[#replies + 1] = push(a) end
return replies
