-- ARGV: 3 most. Moves delayed jobs that are due to their lanes and returns how many.
return promote(tonumber(ARGV[3]))
