-- Writes the answers to a batch: for each entry its plan or skip record and the mark that it was answered, then the
-- acknowledgement of all entries. A mark is set only after its record is written, and an entry is acknowledged only
-- after its mark is set.
--
-- KEYS: stream, plans, skips, policy, halt, then for each entry its mark and the last exit of its symbol
-- ARGV: group, lifetime of a mark in seconds, maximum length of plans, maximum length of skips, detail of
--       POLICY_MISSING, then for each entry: id, verdict, digest, symbol, number of items, items of its plan or
--       skip record

local stream, plans, skips, policy, halt = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local group, remember, plans_max, skips_max, no_policy = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

-- The last 64 digests of one id are kept: each has 32 digits and a space before it.
local DIGESTS_MAX = 64 * 33 - 1

-- `unpack` fails on more values than the Lua stack holds.
local AT_ONCE = 4000

-- A script that fails keeps its earlier writes. XLEN therefore fails on a key that is not a stream before anything
-- is written. Only streams that this batch writes to are checked, so a broken skip stream does not block exits.
local only_exits, only_skips = true, true
local at = 6
while at <= #ARGV do
  if ARGV[at + 1] ~= 'EXIT' then only_exits = false end
  if ARGV[at + 1] ~= 'SKIP' then only_skips = false end
  at = at + 5 + tonumber(ARGV[at + 4])
end
if not only_skips then redis.call('XLEN', plans) end
if not only_exits then redis.call('XLEN', skips) end

-- Current values of the marks and the last exits.
local known = {}
for from = 6, #KEYS, AT_ONCE do
  local to = math.min(from + AT_ONCE - 1, #KEYS)
  local values = redis.call('MGET', unpack(KEYS, from, to))
  for i = from, to do known[KEYS[i]] = values[i - from + 1] end
end

local function keep(key, value, ...)
  redis.call('SET', key, value, ...)
  known[key] = value
end

-- Compares two whole numbers as texts, because they may exceed the exact range of a double.
local function compare(a, b)
  if #a ~= #b then return #a < #b and -1 or 1 end
  if a == b then return 0 end
  return a < b and -1 or 1
end

-- Compares an entry id of this stream with the last exit. Returns nil if the order is unknown: entries of different
-- streams in the same millisecond have no order.
local function against(last, id)
  local ms, seq = string.match(id, '^(%d+)%-(%d+)$')
  local last_ms, last_seq, last_stream = string.match(last, '^(%d+)%-(%d+) (.*)$')
  -- This script did not write the value, so its order is unknown.
  if not last_ms then return nil end
  local order = compare(ms, last_ms)
  if order ~= 0 then return order end
  if last_stream ~= stream then return nil end
  return compare(seq, last_seq)
end

local has_policy, halted
local function look()
  has_policy = redis.call('EXISTS', policy) == 1
  halted = {}
  local members = redis.pcall('SMEMBERS', halt)
  -- If the set cannot be read, all entries are halted.
  if members.err then halted['*'] = true end
  for _, member in ipairs(members) do halted[member] = true end
end

-- Returns the reason and the detail if the state on the server denies a trade.
local function objection(mark, exit, id, symbol)
  if has_policy == nil then look() end
  if halted['*'] then return 'TRADING_HALTED', 'entries in all symbols are halted' end
  if halted[symbol] then return 'TRADING_HALTED', 'entries in ' .. symbol .. ' are halted' end
  if not has_policy then return 'POLICY_MISSING', no_policy end
  if known[mark] then
    return 'INTENT_DUPLICATE', 'a different intent with the same id was already answered'
  end
  local last = known[exit]
  if last then
    local order = against(last, id)
    if order == nil or order < 0 then
      return 'INTENT_SUPERSEDED', 'an exit of ' .. symbol .. ' was already answered, and the entry is not known to be later'
    end
  end
end

-- One key per symbol, without an expiry, because a pending entry can be of any age.
local function note_exit(exit, id)
  local last = known[exit]
  local order = last and against(last, id)
  local value = id .. ' ' .. stream
  if last and order == nil then value = id .. ' *' end
  if not last or order == nil or order > 0 then keep(exit, value) end
end

-- The fields of a plan that its skip record keeps.
local SHARED = {}
for name in string.gmatch(
  'plan_id symbol side source intent_id entry stream timestamp decided_at policy_version policy_hash', '%S+'
) do
  SHARED[name] = true
end

-- Quotes a text as JSON. The input has no control characters, because symbols have none.
local function quoted(text)
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end

-- Turns the answer of a trade into the answer of a skip. A sender's text cannot contain these patterns, because its
-- quotes are escaped.
local function answer_of(trade, reason, why)
  local from = string.find(trade, ',"decision":"TRADE"', 1, true)
  local policy_from = string.find(trade, ',"policy_version":', 1, true)
  return string.sub(trade, 1, from - 1) .. ',"decision":"SKIP","reason":' .. quoted(reason)
    .. ',"detail":' .. quoted(why) .. string.sub(trade, policy_from)
end

local function skip_of(first, last, reason, why)
  local record = { 'decision', 'SKIP', 'reason', reason, 'detail', why }
  for i = first, last, 2 do
    local name, value = ARGV[i], ARGV[i + 1]
    if name == 'answer' then value = answer_of(value, reason, why) end
    if SHARED[name] or name == 'answer' then
      record[#record + 1] = name
      record[#record + 1] = value
    end
  end
  return record
end

local function append(to, max, ...)
  if max == '' then
    redis.call('XADD', to, '*', ...)
  else
    redis.call('XADD', to, 'MAXLEN', '~', max, '*', ...)
  end
end

local outcomes, answered = {}, {}
local key, arg = 6, 6
while arg <= #ARGV do
  local id, verdict, digest, symbol = ARGV[arg], ARGV[arg + 1], ARGV[arg + 2], ARGV[arg + 3]
  local first = arg + 5
  local last = first + tonumber(ARGV[arg + 4]) - 1
  local mark, exit = KEYS[key], KEYS[key + 1]
  local outcome, detail = verdict, ''
  if known[mark] and string.find(known[mark], digest, 1, true) then
    outcome = 'REPEATED'
    redis.call('EXPIRE', mark, remember)
  else
    local reason, why
    if verdict == 'TRADE' then reason, why = objection(mark, exit, id, symbol) end
    if verdict == 'EXIT' then note_exit(exit, id) end
    if reason then
      outcome, detail = reason, why
      append(skips, skips_max, unpack(skip_of(first, last, reason, why)))
    elseif verdict == 'SKIP' then
      append(skips, skips_max, unpack(ARGV, first, last))
    else
      append(plans, plans_max, unpack(ARGV, first, last))
    end
    local before = known[mark]
    local digests = before and before .. ' ' .. digest or digest
    keep(mark, string.sub(digests, -DIGESTS_MAX), 'EX', remember)
  end
  answered[#answered + 1] = id
  outcomes[#outcomes + 1] = { outcome, detail }
  key, arg = key + 2, last + 1
end
for from = 1, #answered, AT_ONCE do
  redis.call('XACK', stream, group, unpack(answered, from, math.min(from + AT_ONCE - 1, #answered)))
end
return outcomes
