-- Answers a batch: per entry its plan or its skip record, the mark that it was answered, and the
-- acknowledgement. Nothing of an entry happens without the rest of it.
--
-- KEYS: stream, plans, skips, policy, halt, then per entry its mark and the last exit of its symbol
-- ARGV: group, seconds to remember, length of plans, length of skips, text for no policy, then per entry:
--       id, verdict, digest, symbol, the answer to an objection up to its reason and from behind its detail,
--       number of plan items, plan items, number of skip items, skip items

local stream, plans, skips, policy, halt = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local group, remember, plans_max, skips_max, no_policy = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local key, arg = 6, 6

local function take()
  arg = arg + 1
  return ARGV[arg - 1]
end

local function take_list()
  local list = {}
  for i = 1, tonumber(take()) do list[i] = take() end
  return list
end

local function append(to, max, items)
  if max == '' then
    redis.call('XADD', to, '*', unpack(items))
  else
    redis.call('XADD', to, 'MAXLEN', '~', max, '*', unpack(items))
  end
end

-- Whole numbers, as texts: they may be longer than a double holds.
local function compare(a, b)
  if #a ~= #b then return #a < #b and -1 or 1 end
  if a == b then return 0 end
  return a < b and -1 or 1
end

-- How an entry id of this stream stands to the last exit's. Within one millisecond two streams have no order.
local function against(last, id)
  local ms, seq = string.match(id, '^(%d+)%-(%d+)$')
  local last_ms, last_seq, last_stream = string.match(last, '^(%d+)%-(%d+) (.*)$')
  local order = compare(ms, last_ms)
  if order ~= 0 then return order end
  if last_stream ~= stream then return nil end
  return compare(seq, last_seq)
end

local function is_in(set, member)
  local found = redis.pcall('SISMEMBER', set, member)
  -- A set that cannot be read stops everything.
  return type(found) == 'table' or found == 1
end

-- What speaks against a trade that only the server knows.
local function objection(mark, exit, id, symbol)
  if is_in(halt, '*') then return 'TRADING_HALTED', 'entries are halted' end
  if is_in(halt, symbol) then return 'TRADING_HALTED', 'entries in ' .. symbol .. ' are halted' end
  if redis.call('EXISTS', policy) == 0 then return 'POLICY_MISSING', no_policy end
  if redis.call('EXISTS', mark) == 1 then
    return 'INTENT_DUPLICATE', 'another intent of this id was answered before'
  end
  local last = redis.call('GET', exit)
  if last then
    local order = against(last, id)
    if order == nil or order < 0 then
      return 'INTENT_SUPERSEDED', 'an exit of ' .. symbol .. ' that came later was answered before'
    end
  end
end

-- As JSON. What goes in has no control characters: symbols have none.
local function quoted(text)
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end

-- Kept for good, one a symbol: nobody knows how old a leftover may be.
local function note_exit(exit, id)
  local last = redis.call('GET', exit)
  local order = last and against(last, id)
  local value = id .. ' ' .. stream
  if last and order == nil then value = id .. ' *' end
  if not last or order == nil or order > 0 then redis.call('SET', exit, value) end
end

local outcomes = {}
while arg <= #ARGV do
  local id, verdict, digest, symbol = take(), take(), take(), take()
  local head, tail = take(), take()
  local plan, skip = take_list(), take_list()
  local mark, exit = KEYS[key], KEYS[key + 1]
  key = key + 2
  local outcome, detail = verdict, ''
  if redis.call('SISMEMBER', mark, digest) == 1 then
    outcome = 'REPEATED'
  else
    if verdict == 'TRADE' then
      local reason, why = objection(mark, exit, id, symbol)
      if reason then
        outcome, detail = reason, why
        local answer = head .. '"reason":' .. quoted(reason) .. ',"detail":' .. quoted(why) .. tail
        for _, item in ipairs({ 'reason', reason, 'detail', why, 'answer', answer }) do
          skip[#skip + 1] = item
        end
      end
    elseif verdict == 'EXIT' then
      note_exit(exit, id)
    end
    if outcome == 'TRADE' or outcome == 'EXIT' then
      append(plans, plans_max, plan)
    else
      append(skips, skips_max, skip)
    end
    redis.call('SADD', mark, digest)
    redis.call('EXPIRE', mark, remember)
  end
  redis.call('XACK', stream, group, id)
  outcomes[#outcomes + 1] = { outcome, detail }
end
return outcomes
