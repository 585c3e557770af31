-- Reads how full everything is. ARGV: 3 the number of streams, the streams, then pairs of a further stream and its group.
-- Returns {streams, others, delayed, dying, dead letters}; a stream is {waiting, leased, ms the oldest has waited}.
local function field(info, name)
  for i = 1, #info, 2 do
    if info[i] == name then return info[i + 1] end
  end
end

local function depth(stream, group)
  local length, pending, last = redis.call('XLEN', stream), 0, '0-0'
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if not groups.err then
    for _, g in ipairs(groups) do
      if field(g, 'name') == group then
        pending, last = field(g, 'pending'), field(g, 'last-delivered-id')
      end
    end
  end
  local oldest = redis.call('XRANGE', stream, '(' .. last, '+', 'COUNT', 1)[1]
  local age = oldest and math.max(NOW_MS - tonumber(string.match(oldest[1], '^%d+')), 0) or 0
  return { math.max(length - pending, 0), pending, age }
end

local streams, others, n = {}, {}, tonumber(ARGV[3])
for a = 4, 3 + n do streams[#streams + 1] = depth(ARGV[a], GROUP) end
for a = 4 + n, #ARGV, 2 do others[#others + 1] = depth(ARGV[a], ARGV[a + 1]) end
return { streams, others, redis.call('ZCARD', DELAYED), redis.call('ZCARD', DYING), redis.call('XLEN', P .. ':dead') }
