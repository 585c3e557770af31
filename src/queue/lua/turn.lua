-- The right to empty one's process for the quarantine: one worker at a time, or all would stop their work for one job.
-- ARGV: 3 worker, 4 verb (claim, release), 5 ms after which a silent owner loses it. `claim` answers 1 where the quarantine
-- holds a job that nobody has and the right is ours now; `release` gives it back.
local key = P .. ':quarantine:turn'
local ours = redis.call('GET', key) == ARGV[3]
if ARGV[4] == 'release' then
  if ours then redis.call('DEL', key) end
  return 0
end
local pending = redis.pcall('XPENDING', QUARANTINE, GROUP)
if redis.call('XLEN', QUARANTINE) == 0 or (not pending.err and pending[1] > 0) then return 0 end
redis.call('XACK', QUARANTINE, GROUP, '0-0') -- the first write: see prelude.lua
if ours then
  redis.call('PEXPIRE', key, ARGV[5])
  return 1
end
return redis.call('SET', key, ARGV[3], 'NX', 'PX', ARGV[5]) and 1 or 0
