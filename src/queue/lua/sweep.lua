-- Forgets workers that are long gone. One with pending entries stays: deleting it would destroy them (measured).
-- ARGV: 3 idle ms, then pairs of stream and group. Returns how many were forgotten.
local swept = 0
for a = 4, #ARGV, 2 do
  local consumers = redis.pcall('XINFO', 'CONSUMERS', ARGV[a], ARGV[a + 1])
  if not consumers.err then
    for _, c in ipairs(consumers) do
      local it = {}
      for i = 1, #c, 2 do it[c[i]] = c[i + 1] end
      if it.pending == 0 and it.idle > tonumber(ARGV[3]) then
        redis.call('XGROUP', 'DELCONSUMER', ARGV[a], ARGV[a + 1], it.name)
        swept = swept + 1
      end
    end
  end
end
return swept
