-- Writes or removes a proposal, unless it was changed since it was read.
--
-- KEYS: proposal, remembered stage, stream, position
-- ARGV: step, the six fields of the last proposal as read, the remembered stage as read, the new remembered stage
--       (empty: unchanged, `remove`: removed), items of the stream entry
-- Steps: `propose`; `end` (the position is flat); `deleted` (the key of the position was deleted)

local proposal, memory, stream, position = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local step, remembered, remember = ARGV[1], ARGV[8], ARGV[9]

local last = redis.pcall('HMGET', proposal, 'action', 'stop_proposed', 'reasons', 'side', 'opened_at', 'harvested')
for i = 1, 6 do
  -- A key of another type counts as no proposal.
  local field = not last.err and last[i] or ''
  if field ~= ARGV[i + 1] then return 0 end
end

local known = redis.pcall('GET', memory)
if type(known) == 'table' then known = '!' end
if (known or '') ~= remembered then return 0 end

if step == 'deleted' and redis.call('EXISTS', position) == 1 then return 0 end

-- Write the stream first: only this write can fail because of a wrong type, and then nothing has been written yet.
local items = {}
for i = 10, #ARGV do items[#items + 1] = ARGV[i] end
if #items > 0 then redis.call('XADD', stream, '*', unpack(items)) end

if remember == 'remove' then
  redis.call('DEL', memory)
elseif remember ~= '' then
  redis.call('SET', memory, remember)
end
redis.call('DEL', proposal)
if step == 'propose' then redis.call('HSET', proposal, unpack(items)) end
return 1
