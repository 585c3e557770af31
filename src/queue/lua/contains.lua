-- ARGV: 3.. ids. Returns for each 1 where Redis will come to the job by itself, else 0: a hash whose stream was evicted
-- does not count.
local replies = {}
for a = 3, #ARGV do replies[#replies + 1] = held(ARGV[a]) and 1 or 0 end
return replies
