-- What every script of the queue begins with. One Redis, no cluster: scripts build the keys of jobs from their ids.
-- Times are Redis' own. Where a script drains (lease, settle, reclaim, ...) its first write is an XREADGROUP, XACK, XDEL
-- or ZREM: Redis refuses a script's *first* write when its memory is full and lets the later ones pass, so such a script
-- works on a full Redis, and one that began with HSET or XADD would not (measured).
-- ARGV: 1 prefix, 2 deaths from which on a job is quarantined; each script's own follow.
local P = ARGV[1]
local QUARANTINE_AFTER = tonumber(ARGV[2])
local GROUP = 'crawl'
local QUARANTINE = P .. ':quarantine'
local DELAYED = P .. ':delayed'
local DYING = P .. ':dying'
local MOST_ANSWERED = 500
local RANK = { high = 1, normal = 2, low = 3 }

local time = redis.call('TIME')
local NOW_MS = time[1] * 1000 + math.floor(time[2] / 1000)
local NOW_US = time[1] * 1000000 + time[2]

-- Digits and nothing else: Lua would write a large number as 1.76e+15.
local function digits(n) return string.format('%.0f', n) end
local function job_key(id) return P .. ':job:' .. id end
local function lock_key(target) return P .. ':target:' .. target end
local function behind_key(target) return P .. ':behind:' .. target end
local function lane_key(lane, class) return P .. ':lane:' .. lane .. ':' .. class end

-- Where a job waits: in quarantine once workers died of it, else in its lane by its priority.
local function home(lane, priority, deaths)
  if deaths >= QUARANTINE_AFTER then return QUARANTINE end
  return lane_key(lane, priority)
end

local function enqueue(id, stream)
  local entry = redis.call('XADD', stream, '*', 'id', id)
  redis.call('HSET', job_key(id), 'state', 'waiting', 'stream', stream, 'entry', entry, 'owner', '')
end

local function postpone(id, after_ms)
  local due = NOW_MS + after_ms
  redis.call('ZADD', DELAYED, digits(due), id)
  redis.call('HSET', job_key(id), 'state', 'delayed', 'due', digits(due), 'owner', '')
end

-- The job leaves Redis. Who waited behind it for the same profile is answered with it, where its result covers what
-- they asked for (`answering`); the first of the others takes its place. Returns the ids that are answered.
local function finish(id, target, posts, frame, answering)
  redis.call('DEL', job_key(id))
  local answered, heir = {}, nil
  local lock, behind = lock_key(target), behind_key(target)
  local owner = redis.call('GET', lock)
  if owner and owner ~= id then return answered end
  local others = redis.call('ZRANGE', behind, 0, MOST_ANSWERED - 1)
  for _, other in ipairs(others) do
    local h = redis.call('HMGET', job_key(other), 'state', 'posts', 'frame')
    if h[1] ~= 'behind' then
      redis.call('ZREM', behind, other)
    elseif answering and tonumber(h[2]) <= posts and h[3] == frame then
      redis.call('ZREM', behind, other)
      redis.call('DEL', job_key(other))
      answered[#answered + 1] = other
    elseif not heir then
      heir = other
    end
  end
  if not heir and #others == MOST_ANSWERED then heir = redis.call('ZRANGE', behind, 0, 0)[1] end
  if heir then
    local h = redis.call('HMGET', job_key(heir), 'lane', 'priority', 'deaths')
    redis.call('ZREM', behind, heir)
    redis.call('SET', lock, heir)
    if h[1] then enqueue(heir, home(h[1], h[2], tonumber(h[3]))) end
  else
    redis.call('DEL', lock)
  end
  return answered
end

-- Whether a job's place stands: its hash may outlive the stream it waits in (an eviction takes streams whole).
local function placed(id, state, stream, entry, target)
  if state == 'waiting' then return #redis.call('XRANGE', stream, entry, entry) == 1 end
  if state == 'leased' then
    local pending = redis.pcall('XPENDING', stream, GROUP, entry, entry, 1)
    return not pending.err and #pending == 1
  end
  if state == 'delayed' then return redis.call('ZSCORE', DELAYED, id) ~= false end
  if state == 'behind' then return redis.call('ZSCORE', behind_key(target), id) ~= false end
  return redis.call('ZSCORE', DYING, id) ~= false
end

-- Whether Redis will come to the job by itself, without being told of it again.
local function held(id)
  local h = redis.call('HMGET', job_key(id), 'state', 'stream', 'entry', 'target')
  if not h[1] then return false end
  if not placed(id, h[1], h[2], h[3], h[4]) then return false end
  if h[1] ~= 'behind' then return true end
  local owner = redis.call('GET', lock_key(h[4]))
  local o = owner and redis.call('HMGET', job_key(owner), 'state', 'stream', 'entry', 'target')
  return o and o[1] and o[1] ~= 'behind' and placed(owner, o[1], o[2], o[3], o[4]) or false
end

-- Delayed jobs whose time has come go to their lanes, `most` of them.
local function promote(most)
  local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', digits(NOW_MS), 'LIMIT', 0, most)
  for _, id in ipairs(due) do
    redis.call('ZREM', DELAYED, id)
    local h = redis.call('HMGET', job_key(id), 'state', 'lane', 'priority', 'deaths')
    if h[1] == 'delayed' then enqueue(id, home(h[2], h[3], tonumber(h[4]))) end
  end
  return #due
end
