-- Writes a proposal, or removes one, where nobody did so since it was read.
--
-- KEYS: proposal, memory, stream, position
-- ARGV: what to do, the six fields of the last proposal as they were read, the memory as it was read, the
--       memory from now on, items of the stream's entry
-- What to do: `propose`; `end` (the position says that it is flat); `gone` (its key is gone)

local proposal, memory, stream, position = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local step, remembered, remember = ARGV[1], ARGV[8], ARGV[9]

local last = redis.pcall('HMGET', proposal, 'action', 'stop_proposed', 'reasons', 'side', 'opened_at', 'harvested')
for i = 1, 6 do
  -- What is no hash is no proposal.
  local field = not last.err and last[i] or ''
  if field ~= ARGV[i + 1] then return 0 end
end

local known = redis.pcall('GET', memory)
if type(known) == 'table' then known = '!' end
if (known or '') ~= remembered then return 0 end

if step == 'gone' and redis.call('EXISTS', position) == 1 then return 0 end

-- The stream first: it alone can be of another type, and then nothing has happened yet.
local items = {}
for i = 10, #ARGV do items[#items + 1] = ARGV[i] end
if #items > 0 then redis.call('XADD', stream, '*', unpack(items)) end

if remember == 'nothing' then
  redis.call('DEL', memory)
elseif remember ~= '' then
  redis.call('SET', memory, remember)
end
redis.call('DEL', proposal)
if step == 'propose' then redis.call('HSET', proposal, unpack(items)) end
return 1
