-- The generic cell rate algorithm, in microseconds of the server's clock. KEYS[1] holds when the budget is whole
-- again; ARGV[1] is what a debit costs, ARGV[2] what a whole budget holds. Answers 0, or how long to wait.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local stored = tonumber(redis.call('GET', KEYS[1]) or now) or now
-- A clock that was set back, or a rate that was lowered, leaves no longer wait than an empty budget.
local whole = math.min(math.max(stored, now), now + most) + cost
local wait = whole - now - most
if wait > 0 then
  return wait
end
redis.call('SET', KEYS[1], string.format('%.0f', whole), 'PX', math.ceil((whole - now) / 1000))
return 0
