-- Writes or removes a proposal, unless it was changed since it was read. Returns 1, or 0 if it was changed.
--
-- A new or renewed proposal is written only while the server holds the policy of the evaluation, and only while its
-- harvest parameters are in force by the clock of the server; otherwise the script returns 2. A proposal is withdrawn
-- only while the server holds the content in which the policy has ended; otherwise the script returns 2 as well.
--
-- KEYS: proposal, memory, stream, position, policy, policy set
-- ARGV: step, number of compared fields, name and value of each compared field of the last proposal as read, the
--       memory as read, the new memory (empty: unchanged, `remove`: removed), token of the policy
--       (`propose`, `renew`, `withdraw`; else empty), last time in microseconds (`propose`, `renew`; else empty), names
--       of fields of other programs that `renew` keeps, separated by spaces, items of the proposal
-- Steps: `propose`; `renew` (without an entry on the stream); `withdraw`; `end` (the position is flat); `deleted` (the
--       key of the position was deleted)
-- Before this text: the functions of token.lua

local proposal, memory, stream, position, policy, set = unpack(KEYS)
local step, compared = ARGV[1], tonumber(ARGV[2])
local remembered, remember, token, last_time, foreign = unpack(ARGV, 3 + 2 * compared, 7 + 2 * compared)
local FIRST_ITEM = 8 + 2 * compared
local is_written = step == 'propose' or step == 'renew' or step == 'withdraw'

local function is_current()
  local is_same = token == policy_token(policy, set)
  return is_same and (step == 'withdraw' or clock() <= tonumber(last_time))
end

if is_written and not is_current() then return 2 end

local names = {}
for i = 1, compared do names[i] = ARGV[1 + 2 * i] end
local last = redis.pcall('HMGET', proposal, unpack(names))
for i = 1, compared do
  -- A key of another type counts as no proposal.
  local field = not last.err and last[i] or ''
  if field ~= ARGV[2 + 2 * i] then return 0 end
end

local known = redis.pcall('GET', memory)
if type(known) == 'table' then known = '!' end
if (known or '') ~= remembered then return 0 end

if step == 'deleted' and redis.call('EXISTS', position) == 1 then return 0 end

local items = {}
for i = FIRST_ITEM, #ARGV do items[#items + 1] = ARGV[i] end

if step == 'renew' then
  local kept = {}
  for name in string.gmatch(foreign, '%S+') do kept[name] = true end
  for i = 1, #items, 2 do kept[items[i]] = true end
  for _, name in ipairs(redis.call('HKEYS', proposal)) do
    if not kept[name] then redis.call('HDEL', proposal, name) end
  end
  redis.call('HSET', proposal, unpack(items))
  return 1
end

-- Write the stream first: only this write can fail because of a wrong type, and then nothing has been written yet.
if #items > 0 then
  local entry = redis.call('XADD', stream, '*', unpack(items))
  -- The server may have been stopped since the comparison above. No other client can have read the entry yet.
  if is_written and not is_current() then
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
if is_written then redis.call('HSET', proposal, unpack(items)) end
return 1
