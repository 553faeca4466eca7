-- Writes or removes a proposal, unless it was changed since it was read. Returns 1, or 0 if it was changed.
--
-- A new proposal is written only while the server holds the policy of the evaluation, and only while its harvest
-- parameters are in force by the clock of the server; otherwise the script returns 2.
--
-- KEYS: proposal, remembered stage, stream, position, policy
-- ARGV: step, the six fields of the last proposal as read, the remembered stage as read, the new remembered stage
--       (empty: unchanged, `remove`: removed), token of the policy and last time in microseconds (`propose`; else
--       empty), items of the stream entry
-- Steps: `propose`; `end` (the position is flat); `deleted` (the key of the position was deleted)
-- Before this text: the functions of token.lua

local proposal, memory, stream, position, policy = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local step, remembered, remember = ARGV[1], ARGV[8], ARGV[9]

local function is_current()
  return ARGV[10] == policy_token(policy) and clock() <= tonumber(ARGV[11])
end

if step == 'propose' and not is_current() then return 2 end

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
for i = 12, #ARGV do items[#items + 1] = ARGV[i] end
if #items > 0 then
  local entry = redis.call('XADD', stream, '*', unpack(items))
  -- The server may have been stopped since the comparison above. Nobody has seen the entry yet.
  if step == 'propose' and not is_current() then
    redis.call('XDEL', stream, entry)
    return 2
  end
end

if remember == 'remove' then
  redis.call('DEL', memory)
elseif remember ~= '' then
  redis.call('SET', memory, remember)
end
redis.call('DEL', proposal)
if step == 'propose' then redis.call('HSET', proposal, unpack(items)) end
return 1
