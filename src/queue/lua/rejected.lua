-- A page of the dead-letter stream. ARGV: 3 the last entry seen or '-', 4 most, 5 most bytes of each job.
-- Returns for each {entry, reason, bytes of the job or -1 where there is none, the bytes cut}.
local from = ARGV[3] == '-' and '-' or '(' .. ARGV[3]
local page = {}
for _, e in ipairs(redis.call('XRANGE', P .. ':dead', from, '+', 'COUNT', ARGV[4])) do
  local reason, job = '', nil
  for i = #e[2] - 1, 1, -2 do
    if e[2][i] == 'reason' then reason = e[2][i + 1] end
    if e[2][i] == 'job' then job = e[2][i + 1] end
  end
  page[#page + 1] = { e[1], reason, job and #job or -1, string.sub(job or '', 1, tonumber(ARGV[5])) }
end
return page
