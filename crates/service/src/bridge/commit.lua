-- Writes the answers to a batch: for each entry its plan or skip record and the mark that it was answered, then the
-- acknowledgement of all answered entries. A mark is set only after its record is written, and an entry is acknowledged
-- only after its mark is set.
--
-- Time may have passed since the answers were decided. So the server first compares its own content and clock with
-- those of the decisions. If the policy or the halts have changed, or a trade is too late, it writes only the exits of
-- the batch, and returns `MOVED` for all other entries, which stay pending.
--
-- KEYS: stream, plans, skips, policy, halts, then for each entry its mark and the last exit of its symbol
-- ARGV: group, lifetime of a mark in seconds, maximum length of plans, maximum length of skips, then for each entry: id,
--       verdict, digest, symbol, token of the policy, token of the halts (both empty if the answer does not depend on
--       them), first and last time in microseconds (trades; else empty), number of items, items of its plan or skip
--       record
-- Before this text: the functions of token.lua

local stream, plans, skips, policy, halts = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local group, remember, plans_max, skips_max = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local FIRST_ENTRY = 5

-- The last 64 digests of one id are kept: each has 32 digits and a space before it.
local DIGESTS_MAX = 64 * 33 - 1

-- `unpack` fails on more values than the Lua stack holds.
local AT_ONCE = 4000

-- A script that fails keeps its earlier writes. XLEN therefore fails on a key that is not a stream before anything
-- is written. Only streams that this batch writes to are checked, so a broken skip stream does not block exits.
local only_exits, only_skips = true, true
local at = FIRST_ENTRY
while at <= #ARGV do
  if ARGV[at + 1] ~= 'EXIT' then only_exits = false end
  if ARGV[at + 1] ~= 'SKIP' then only_skips = false end
  at = at + 9 + tonumber(ARGV[at + 8])
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

local current
-- Returns true if the policy and the halts are those of the decision. A trade without tokens is never current.
local function is_current(entry)
  if entry.verdict == 'SKIP' and entry.policy == '' then return true end
  current = current or { policy = policy_token(policy), halts = halts_token(halts) }
  return entry.policy == current.policy and entry.halts == current.halts
end

-- Returns true if `now` is between the first and the last time of a trade.
local function is_in_time(entry, now)
  return now >= tonumber(entry.from) and now <= tonumber(entry.to)
end

-- Returns the reason and the detail if an earlier answer denies a trade.
local function objection(mark, exit, id, symbol)
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
    return redis.call('XADD', to, '*', ...)
  else
    return redis.call('XADD', to, 'MAXLEN', '~', max, '*', ...)
  end
end

-- Removes a record that was appended by this call. A recorder compares the number of records ever added with those that
-- it finds, so the number is restored as well. Before Redis 7.0, servers have no such number.
local function take_back(from, record)
  redis.call('XDEL', from, record)
  local info, known_info = redis.call('XINFO', 'STREAM', from), {}
  for i = 1, #info, 2 do known_info[info[i]] = info[i + 1] end
  local added = known_info['entries-added']
  if added then
    redis.call('XSETID', from, known_info['last-generated-id'], 'ENTRIESADDED', added - 1,
      'MAXDELETEDID', known_info['max-deleted-entry-id'])
  end
end

local entries = {}
local key, arg = 6, FIRST_ENTRY
while arg <= #ARGV do
  local entry = {
    id = ARGV[arg], verdict = ARGV[arg + 1], digest = ARGV[arg + 2], symbol = ARGV[arg + 3],
    policy = ARGV[arg + 4], halts = ARGV[arg + 5], from = ARGV[arg + 6], to = ARGV[arg + 7],
    first = arg + 9, last = arg + 8 + tonumber(ARGV[arg + 8]), mark = KEYS[key], exit = KEYS[key + 1],
  }
  entries[#entries + 1] = entry
  key, arg = key + 2, entry.last + 1
end

local function is_repeated(entry)
  return known[entry.mark] and string.find(known[entry.mark], entry.digest, 1, true)
end

-- 1. Compare. `moved` is `content` or `time`, whichever has changed for an entry of the batch.
local moved
local now = clock()
for _, entry in ipairs(entries) do
  if entry.verdict ~= 'EXIT' and not is_repeated(entry) then
    if not is_current(entry) then
      moved = 'content'
    elseif entry.verdict == 'TRADE' and not moved and not is_in_time(entry, now) then
      moved = 'time'
    end
  end
end

-- Writes the answer to an entry that was not answered before. Returns the outcome and its detail.
local function write(entry)
  local verdict, first, last = entry.verdict, entry.first, entry.last
  if verdict == 'EXIT' then
    note_exit(entry.exit, entry.id)
    append(plans, plans_max, unpack(ARGV, first, last))
  elseif moved then
    return 'MOVED', moved
  elseif verdict == 'SKIP' then
    append(skips, skips_max, unpack(ARGV, first, last))
  else
    local reason, why = objection(entry.mark, entry.exit, entry.id, entry.symbol)
    if reason then
      append(skips, skips_max, unpack(skip_of(first, last, reason, why)))
      return reason, why
    end
    local plan = append(plans, plans_max, unpack(ARGV, first, last))
    -- The server may have been stopped since step 1. Nobody has seen the plan yet.
    if not is_in_time(entry, clock()) then
      take_back(plans, plan)
      return 'MOVED', 'time'
    end
  end
  return verdict, ''
end

-- 2. Write. If a write fails, every earlier entry has its record and its mark.
local outcomes, answered = {}, {}
for i, entry in ipairs(entries) do
  local outcome, detail = 'REPEATED', ''
  local mark = known[entry.mark]
  if is_repeated(entry) then
    redis.call('EXPIRE', entry.mark, remember)
  else
    outcome, detail = write(entry)
    if outcome ~= 'MOVED' then
      local digests = mark and mark .. ' ' .. entry.digest or entry.digest
      keep(entry.mark, string.sub(digests, -DIGESTS_MAX), 'EX', remember)
    end
  end
  if outcome ~= 'MOVED' then answered[#answered + 1] = entry.id end
  outcomes[i] = { outcome, detail }
end
for from = 1, #answered, AT_ONCE do
  redis.call('XACK', stream, group, unpack(answered, from, math.min(from + AT_ONCE - 1, #answered)))
end
return outcomes
