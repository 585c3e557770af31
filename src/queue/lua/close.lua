-- Ends jobs that are in nobody's hands. ARGV: 3 verb, then ids. `bury` and `drop` end only what reclaim told to be dead
-- or cancelled (who waits behind is answered, or moves up); `cancel` ends what waits and asks the worker of what is leased.
-- Returns for each {code, answered ids}: 0 unknown, 1 ended, 2 its worker was asked.
local verb = ARGV[3]

local function close(id)
  local key = job_key(id)
  local h = redis.call('HMGET', key, 'state', 'stream', 'entry', 'target', 'posts', 'frame')
  local state, target = h[1], h[4]
  if not state then return { 0, {} } end
  local dying = state == 'dead' or state == 'cancelled'
  if verb ~= 'cancel' and not dying then return { 0, {} } end
  redis.call('ZREM', DYING, id) -- the first write: see prelude.lua
  if state == 'leased' and placed(id, state, h[2], h[3], target) then
    redis.call('HSET', key, 'cancel', '1')
    return { 2, {} }
  end
  if state == 'waiting' then redis.call('XDEL', h[2], h[3]) end
  redis.call('ZREM', DELAYED, id)
  redis.call('ZREM', behind_key(target), id)
  if state == 'behind' then
    redis.call('DEL', key)
    return { 1, {} }
  end
  return { 1, finish(id, target, tonumber(h[5]), h[6], verb == 'bury') }
end

local replies = {}
for a = 4, #ARGV do replies[#replies + 1] = close(ARGV[a]) end
return replies
