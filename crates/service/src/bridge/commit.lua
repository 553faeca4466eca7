-- Writes the answers to a batch: for each entry its plan or skip record and the mark that it was answered, then the
-- acknowledgement of all answered entries. A mark is set only after its record is written, and an entry is acknowledged
-- only after its mark is set. If a write fails, only that entry stays pending, and its outcome is `FAILED_PLAN`,
-- `FAILED_SKIP`, `FAILED_MARK` or `FAILED_PERMIT`, with the error of the server.
--
-- Time may have passed since the answers were decided. So the server first compares its own content and clock with
-- those of the decisions. If the policy or the halts have changed, or a trade is too late, it writes only the exits of
-- the batch, and returns `MOVED` for all other entries, which stay pending.
--
-- KEYS: stream, plans, skips, policy, halts, recorded halts, last answered id of the stream, position up to which plans
--       were trimmed, policy set, last trade of each symbol for the harvester, the switches that halt entries, then for each entry its mark, the last exit and the last trade of
--       its symbol and, if plans have permits, its permit
-- ARGV: group, lifetime of a mark in seconds, maximum length of plans, maximum length of skips, milliseconds by which
--       the id of an entry may be ahead of the clock, number of switches, longest lifetime of a permit in milliseconds
--       (empty: plans have no permits), then for each entry: id, verdict, digest, symbol, token of the policy, token of
--       the halts (both empty if the answer does not depend on them), first and last time in microseconds (trades; else
--       empty), `again` if the group delivers an entry again as a new one (else empty), last time of execution in
--       microseconds (trades; else empty), policy hash and leverage (trades; else empty), number of items, items of its plan or skip record
-- Before this text: the functions of token.lua

local stream, plans, skips, policy, halts, recorded, top, trimmed, set, last_trades = unpack(KEYS, 1, 10)
local group, remember, plans_max, skips_max, ahead_max, switches_count, permit_lifetime = unpack(ARGV, 1, 7)
local FIRST_KEY, FIRST_ENTRY = 11 + tonumber(switches_count), 8
local switches, has_permits = { unpack(KEYS, 11, FIRST_KEY - 1) }, permit_lifetime ~= ''

-- `unpack` fails on more values than the Lua stack holds.
local AT_ONCE = 4000

-- Current values of the marks and the last exits.
local known = {}
for from = FIRST_KEY, #KEYS, AT_ONCE do
  local to = math.min(from + AT_ONCE - 1, #KEYS)
  local values = redis.call('MGET', unpack(KEYS, from, to))
  for i = from, to do known[KEYS[i]] = values[i - from + 1] end
end

-- Returns the error text of a reply, or nil.
local function error_of(reply)
  return type(reply) == 'table' and reply.err or nil
end

-- Sets a key. Returns the error text if that fails.
local function keep(key, value, ...)
  local failed = error_of(redis.pcall('SET', key, value, ...))
  if not failed then known[key] = value end
  return failed
end

-- Compares two whole numbers as texts, because they may exceed the exact range of a double.
local function compare(a, b)
  if #a ~= #b then return #a < #b and -1 or 1 end
  if a == b then return 0 end
  return a < b and -1 or 1
end

local function compare_ids(a, b)
  local ms, seq = string.match(a, '^(%d+)%-(%d+)$')
  local other_ms, other_seq = string.match(b, '^(%d+)%-(%d+)$')
  local order = compare(ms, other_ms)
  return order ~= 0 and order or compare(seq, other_seq)
end

local now = clock()
local now_ms = string.format('%.0f', math.floor(now / 1000))
local latest_ms = string.format('%.0f', math.floor(now / 1000) + tonumber(ahead_max))

-- Returns true if the time in an id can be the time at which the entry was sent. An id is chosen by its sender.
local function is_believable(id)
  return compare(string.match(id, '^(%d+)'), latest_ms) <= 0
end

-- Compares an entry id of this stream with a kept entry. Returns nil if the order is unknown: entries of different
-- streams in the same millisecond have no order, and neither has an id that is ahead of the clock.
--
-- The kept value is the id and the stream of an entry. If the stream is `*`, several streams had an exit in that
-- millisecond. `MS-0 * ID STREAM` is an exit with an id that was ahead of the clock; MS is the time of its answer.
local function against(last, id)
  local last_id, last_stream = string.match(last, '^(%d+%-%d+) (.*)$')
  -- This script did not write the value, so its order is unknown.
  if not last_id then return nil end
  local own_id, own_stream = string.match(last_stream, '^%* (%d+%-%d+) (.*)$')
  if own_stream == stream then return compare_ids(id, own_id) end
  if last_stream == stream then return compare_ids(id, last_id) end
  if not is_believable(id) then return nil end
  local order = compare(string.match(id, '^(%d+)'), string.match(last_id, '^(%d+)'))
  if order ~= 0 then return order end
  return nil
end

-- Returns the last exit of a symbol, if there is one. A kept time that is ahead of the clock, as earlier versions wrote
-- it, is replaced by the current time.
local function last_exit(key)
  local last = known[key]
  if last and string.find(last, '^%d+%-%d+ ') and not is_believable(last) then
    keep(key, now_ms .. '-0 * ' .. last)
    last = known[key]
  end
  return last
end

local current
-- Returns true if the policy and the halts are those of the decision. A trade without tokens is never current.
local function is_current(entry)
  if entry.verdict == 'SKIP' and entry.policy == '' then return true end
  current = current or { policy = policy_token(policy, set), halts = halts_token(halts, recorded, unpack(switches)) }
  return entry.policy == current.policy and entry.halts == current.halts
end

-- Returns true if `now` is between the first and the last time of a trade. The permit of a trade must not end before it
-- is written; its end is rounded down to a millisecond.
local function is_in_time(entry, now)
  local has_ended = has_permits and math.floor(now / 1000) >= math.floor(tonumber(entry.not_after) / 1000)
  return now >= tonumber(entry.from) and now <= tonumber(entry.to) and not has_ended
end

-- Returns the reason and the detail if an earlier answer denies a trade.
local function objection(mark, exit, id, symbol)
  if known[mark] then
    return 'INTENT_DUPLICATE', 'a different intent with the same id was already answered'
  end
  local last = last_exit(exit)
  if last then
    local order = against(last, id)
    if order == nil or order < 0 then
      return 'INTENT_SUPERSEDED', 'an exit of ' .. symbol .. ' was already answered, and the entry is not known to be later'
    end
  end
end

-- One key per symbol, without an expiry, because a pending entry can be of any age. Returns the error text if the write
-- fails.
local function note_exit(exit, id)
  local last = last_exit(exit)
  local order = last and against(last, id)
  local value = id .. ' ' .. stream
  if not is_believable(id) then
    value = now_ms .. '-0 * ' .. value
  elseif last and order == nil then
    value = id .. ' *'
  end
  if not last or order == nil or order > 0 then return keep(exit, value) end
end

-- The fields of a plan that its skip record keeps.
local SHARED = {}
for name in string.gmatch(
  'plan_id symbol side source intent_id entry stream timestamp decided_at engine guardrails_sha256 policy_version '
    .. 'policy_hash arm_reason position_leverage', '%S+'
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
    -- The source of a plan with a permit is the author of the plan, and that of a skip record the sender of the intent.
    if has_permits and name == 'source' then name = nil end
    if name == 'intent_source' then name = 'source' end
    if name == 'answer' then value = answer_of(value, reason, why) end
    if name and (SHARED[name] or name == 'answer') then
      record[#record + 1] = name
      record[#record + 1] = value
    end
  end
  return record
end

-- Appends a record. Returns its id, or nil and the error text.
local function append(to, max, ...)
  local reply
  if max == '' then
    reply = redis.pcall('XADD', to, '*', ...)
  else
    reply = redis.pcall('XADD', to, 'MAXLEN', '~', max, '*', ...)
  end
  local failed = error_of(reply)
  if failed then return nil, failed end
  return reply
end

-- Removes a record that was appended by this call. A recorder compares the number of records ever added with those that
-- it finds, so the number is restored as well. Before Redis 7.0, servers have no such number.
local function take_back(from, record)
  redis.pcall('XDEL', from, record)
  local info, known_info = redis.pcall('XINFO', 'STREAM', from), {}
  if error_of(info) then return end
  for i = 1, #info, 2 do known_info[info[i]] = info[i + 1] end
  local added = known_info['entries-added']
  if added then
    redis.pcall('XSETID', from, known_info['last-generated-id'], 'ENTRIESADDED', added - 1,
      'MAXDELETEDID', known_info['max-deleted-entry-id'])
  end
end

local entries = {}
local key, arg = FIRST_KEY, FIRST_ENTRY
while arg <= #ARGV do
  local entry = {
    id = ARGV[arg], verdict = ARGV[arg + 1], digest = ARGV[arg + 2], symbol = ARGV[arg + 3],
    policy = ARGV[arg + 4], halts = ARGV[arg + 5], from = ARGV[arg + 6], to = ARGV[arg + 7],
    is_again = ARGV[arg + 8] ~= '', not_after = ARGV[arg + 9],
    opening = ARGV[arg + 10], first = arg + 12, last = arg + 11 + tonumber(ARGV[arg + 11]),
    mark = KEYS[key], exit = KEYS[key + 1], trade = KEYS[key + 2], permit = has_permits and KEYS[key + 3],
  }
  entries[#entries + 1] = entry
  key, arg = key + (has_permits and 4 or 3), entry.last + 1
end

-- The mark of an id holds the first content that was answered. Each other content has its own mark.
local function mark_of_content(entry)
  local mark = known[entry.mark]
  if not mark or mark == entry.digest then return entry.mark end
  local own = entry.mark .. ':' .. entry.digest
  if known[own] == nil then known[own] = redis.call('MGET', own)[1] end
  return own
end

-- Returns why an entry counts as already answered, or nil. If its mark has expired and the group delivers it again,
-- because the group was created again or set to an earlier id, it is compared with what its symbol had last.
local function repeated(entry)
  if known[mark_of_content(entry)] then return 'it was already answered' end
  if not entry.is_again then return nil end
  local exit, trade = last_exit(entry.exit), known[entry.trade]
  local after_exit, after_trade = exit and against(exit, entry.id), trade and against(trade, entry.id)
  if entry.verdict == 'EXIT' and after_exit and after_exit <= 0 then
    return 'the group delivered it before, and a later exit of its symbol, or the same one, was answered'
  elseif after_trade and after_trade <= 0 then
    return 'the group delivered it before, and a later trade of its symbol, or the same one, was answered'
  end
end

-- 1. Compare. `moved` is `content` or `time`, whichever has changed for an entry of the batch.
local moved
for _, entry in ipairs(entries) do
  if entry.verdict ~= 'EXIT' and not repeated(entry) then
    if not is_current(entry) then
      moved = 'content'
    elseif entry.verdict == 'TRADE' and not moved and not is_in_time(entry, now) then
      moved = 'time'
    end
  end
end

-- Writes the permit of a plan, which ends with the last time of execution of a trade. Returns the error text if that
-- fails; then there is no permit.
local function permit(entry)
  local now = clock()
  local ends = math.floor(now / 1000) + tonumber(permit_lifetime)
  if entry.not_after ~= '' then ends = math.min(ends, math.floor(tonumber(entry.not_after) / 1000)) end
  ends = string.format('%.0f', ends)
  -- These two come first, because they fail without an effect if a permission is missing.
  local failed = error_of(redis.pcall('DEL', entry.permit)) or error_of(redis.pcall('PEXPIREAT', entry.permit, ends))
    or error_of(redis.pcall('HSET', entry.permit, 'allow', 'true', 'safe_qty', '0',
      'reason', entry.verdict .. ' permitted by portcullis', 'timestamp', string.format('%.0f', math.floor(now / 1e6))))
  if failed then return failed end
  redis.call('PEXPIREAT', entry.permit, ends)
end

-- Writes the record and the mark of an entry, and before a plan its permit. Returns the outcome and its detail.
local function write_record(entry, outcome, why, to, max, ...)
  local is_permitted = has_permits and to == plans
  local failed = is_permitted and permit(entry)
  if failed then return 'FAILED_PERMIT', failed end
  local record
  record, failed = append(to, max, ...)
  if failed then
    if is_permitted then redis.call('DEL', entry.permit) end
    return to == plans and 'FAILED_PLAN' or 'FAILED_SKIP', failed
  end
  local function undo()
    take_back(to, record)
    if is_permitted then redis.call('DEL', entry.permit) end
  end
  -- The server may have been stopped since step 1. No other client can have read the plan yet.
  if outcome == 'TRADE' and not is_in_time(entry, clock()) then
    undo()
    return 'MOVED', 'time'
  end
  failed = keep(mark_of_content(entry), entry.digest, 'EX', remember)
  if not failed then return outcome, why end
  -- Nothing blocks an exit. It is acknowledged at the end, and is not delivered again.
  if outcome == 'EXIT' then return outcome, failed end
  undo()
  return 'FAILED_MARK', failed
end

-- Writes the answer to an entry that was not answered before. Returns the outcome and its detail.
local function write(entry)
  local verdict, first, last = entry.verdict, entry.first, entry.last
  if verdict == 'EXIT' then
    local outcome, why = write_record(entry, verdict, '', plans, '', unpack(ARGV, first, last))
    if outcome == 'EXIT' then note_exit(entry.exit, entry.id) end
    return outcome, why
  elseif moved then
    return 'MOVED', moved
  elseif verdict == 'SKIP' then
    return write_record(entry, verdict, '', skips, skips_max, unpack(ARGV, first, last))
  end
  local reason, why = objection(entry.mark, entry.exit, entry.id, entry.symbol)
  if reason then
    return write_record(entry, reason, why, skips, skips_max, unpack(skip_of(first, last, reason, why)))
  end
  local outcome, detail = write_record(entry, verdict, '', plans, '', unpack(ARGV, first, last))
  local after = known[entry.trade] and against(known[entry.trade], entry.id)
  if outcome == 'TRADE' and is_believable(entry.id) and (not known[entry.trade] or not after or after > 0) then
    keep(entry.trade, entry.id .. ' ' .. stream)
  end
  -- Without this, the policy of the position is unknown, and the live policy decides its additions.
  if outcome == 'TRADE' then redis.pcall('HSET', last_trades, entry.symbol, entry.opening) end
  return outcome, detail
end

-- 2. Write.
local outcomes, answered, last_id = {}, {}, nil
for i, entry in ipairs(entries) do
  local outcome, detail = 'REPEATED', repeated(entry)
  if detail then
    redis.pcall('EXPIRE', entry.mark, remember)
    redis.pcall('EXPIRE', mark_of_content(entry), remember)
  else
    outcome, detail = write(entry)
  end
  if outcome ~= 'MOVED' and string.sub(outcome, 1, 7) ~= 'FAILED_' then
    answered[#answered + 1] = entry.id
    if is_believable(entry.id) and (not last_id or compare_ids(entry.id, last_id) > 0) then last_id = entry.id end
  end
  outcomes[i] = { outcome, detail }
end
for from = 1, #answered, AT_ONCE do
  redis.pcall('XACK', stream, group, unpack(answered, from, math.min(from + AT_ONCE - 1, #answered)))
end
if last_id then
  local before = redis.pcall('GET', top)
  before = type(before) == 'string' and string.match(before, '^%d+%-%d+$')
  if not before or compare_ids(last_id, before) > 0 then redis.pcall('SET', top, last_id) end
end

-- 3. Trim the plans. An error here leaves plans that could be removed.
local TRIM_MIN, TRIM_MAX, PAGE, PAGE_BYTES = 64, 512, 32, 1048576

-- Calls `visit` with each plan of a range, at most `count`. Stops after a page of large plans.
local function each_plan(from, to, count, visit)
  while count > 0 do
    local page, bytes = redis.call('XRANGE', plans, from, to, 'COUNT', math.min(count, PAGE)), 0
    if #page == 0 then return end
    for _, plan in ipairs(page) do
      local verdict
      for i = 1, #plan[2], 2 do
        bytes = bytes + #plan[2][i + 1]
        if plan[2][i] == 'verdict' then verdict = plan[2][i + 1] end
      end
      visit(plan[1], verdict)
      from = '(' .. plan[1]
    end
    if bytes > PAGE_BYTES then return end
    count = count - #page
  end
end

local function fields_of(reply)
  local fields = {}
  for i = 1, #reply, 2 do fields[reply[i]] = reply[i + 1] end
  return fields
end

-- Returns the end of the plans that every consumer group has acknowledged, as the end of a range, and true; without a
-- group, nil and false. Without such plans, nil and true.
local function acknowledged()
  local groups, to = redis.call('XINFO', 'GROUPS', plans), nil
  for _, reply in ipairs(groups) do
    local of = fields_of(reply)
    local reached = of['last-delivered-id']
    if of['pending'] > 0 then reached = '(' .. redis.call('XPENDING', plans, of['name'])[2] end
    local id = string.gsub(reached, '^%(', '')
    local other = to and string.gsub(to, '^%(', '')
    local order = to and compare_ids(id, other)
    if not to or order < 0 or (order == 0 and string.sub(reached, 1, 1) == '(') then to = reached end
  end
  return to, #groups > 0
end

local function trim()
  local excess = redis.call('XLEN', plans) - tonumber(plans_max)
  if excess < TRIM_MIN then return end
  local to, has_groups = acknowledged()
  if has_groups then
    redis.call('DEL', trimmed)
    local last
    each_plan('-', to, math.min(excess, TRIM_MAX), function(id) last = id end)
    if last then
      redis.call('XTRIM', plans, 'MINID', '=', last)
      redis.call('XDEL', plans, last)
    end
    return
  end
  -- Without a group, exits stay in the stream, and the position after them is kept.
  local value = redis.call('MGET', trimmed)[1] or ''
  local position, exits = string.match(value, '^(%d+%-%d+) (%d+)$')
  exits = tonumber(exits or 0)
  excess = excess - exits
  if excess < TRIM_MIN then return end
  local old = {}
  each_plan(position and '(' .. position or '-', '+', math.min(excess, TRIM_MAX), function(id, verdict)
    position = id
    if verdict == 'EXIT' then exits = exits + 1 else old[#old + 1] = id end
  end)
  if #old > 0 then redis.call('XDEL', plans, unpack(old)) end
  if position then redis.call('SET', trimmed, position .. ' ' .. string.format('%.0f', exits)) end
end
if plans_max ~= '' then pcall(trim) end
return outcomes
