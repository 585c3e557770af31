-- Renews leases, each only for its owner: a plain XCLAIM by a stale worker would steal the entry back (measured).
-- ARGV: 3 worker, then for each lease id, stream, entry, fence. Returns for each 0 lost, 1 held, 2 held but cancelled.
local replies = {}
for a = 4, #ARGV, 4 do
  local id, stream, entry, fence = ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3]
  local h = redis.call('HMGET', job_key(id), 'state', 'owner', 'fence', 'cancel')
  local reply = 0
  if h[1] == 'leased' and h[2] == ARGV[3] and h[3] == fence then
    local pending = redis.pcall('XPENDING', stream, GROUP, entry, entry, 1)
    if not pending.err and pending[1] and pending[1][2] == ARGV[3] then
      redis.call('XCLAIM', stream, GROUP, ARGV[3], 0, entry, 'JUSTID')
      reply = h[4] == '1' and 2 or 1
    end
  end
  replies[#replies + 1] = reply
end
return replies
