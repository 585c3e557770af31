-- Writes fields if they all still are what the writer saw. '' stands for a field that is not there.
-- KEYS: states    ARGV: field, seen, wanted, field, seen, wanted, ...    Answer: 1 written, 0 somebody was faster
for i = 1, #ARGV, 3 do
  if (redis.call('HGET', KEYS[1], ARGV[i]) or '') ~= ARGV[i + 1] then return 0 end
end
for i = 1, #ARGV, 3 do
  if ARGV[i + 2] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
  end
end
return 1
