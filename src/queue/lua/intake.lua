-- Takes submissions: first those whose taker fell silent, then new ones. Values are cut, so that one of many megabytes
-- costs us little. ARGV: 3 taker, 4 most, 5 most bytes of a job, 6 idle ms. Group `intake`.
-- Returns {submissions, last id of the stream}; each is {entry, deliveries, bytes or -1 where there is no job, the bytes cut}.
local SUBMIT, TAKERS = P .. ':submit', 'intake'
local most, bytes, found = tonumber(ARGV[4]), tonumber(ARGV[5]), {}

local function keep(e, deliveries)
  local value
  for i = 1, #e[2], 2 do
    if e[2][i] == 'job' then value = value or e[2][i + 1] end
  end
  local length = value and #value or -1
  found[#found + 1] = { e[1], deliveries, length, string.sub(value or '', 1, bytes) }
end

local idle = redis.pcall('XPENDING', SUBMIT, TAKERS, 'IDLE', ARGV[6], '-', '+', most)
if idle.err then
  redis.call('XACK', SUBMIT, TAKERS, '0-0') -- the first write: see prelude.lua
  local made = redis.pcall('XGROUP', 'CREATE', SUBMIT, TAKERS, '0', 'MKSTREAM')
  if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
  idle = {}
end
for _, p in ipairs(idle) do
  local e = redis.call('XCLAIM', SUBMIT, TAKERS, ARGV[3], ARGV[6], p[1])[1]
  if e then keep(e, p[4] + 1) end
end
if #found < most then
  local new = redis.call('XREADGROUP', 'GROUP', TAKERS, ARGV[3], 'COUNT', most - #found, 'STREAMS', SUBMIT, '>')
  for _, e in ipairs(new and new[1][2] or {}) do keep(e, 1) end
end
local last, info = '0-0', redis.call('XINFO', 'STREAM', SUBMIT)
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = info[i + 1] end
end
return { found, last }
