-- Moves submissions to the dead-letter stream with a reason and their original bytes, which never leave Redis.
-- ARGV: 3 most entries kept there, 4 most bytes kept of a value, then pairs of entry and reason. Returns how many moved.
local SUBMIT, DEAD, moved = P .. ':submit', P .. ':dead', 0
for a = 5, #ARGV, 2 do
  local e = redis.call('XRANGE', SUBMIT, ARGV[a], ARGV[a])[1]
  redis.pcall('XACK', SUBMIT, 'intake', ARGV[a])
  redis.call('XDEL', SUBMIT, ARGV[a])
  if e then
    local fields = { 'reason', ARGV[a + 1], 'entry', e[1] }
    for i = 1, math.min(#e[2], 64) do fields[#fields + 1] = string.sub(e[2][i], 1, tonumber(ARGV[4])) end
    redis.call('XADD', DEAD, 'MAXLEN', '~', ARGV[3], '*', unpack(fields))
    moved = moved + 1
  end
end
return moved
