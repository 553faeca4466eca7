-- Takes one step, whole or not at all. KEYS: the policy, the history, the updates, the audit, the head, the halts.
-- ARGV[1]: the step as JSON; every value in it is a text, so that no number passes through floating point.
-- Answers {"done"}, {"moved"}, or {"foreign", key, what it holds, what it should hold}.
local policy, history, updates, audit, head, halts = unpack(KEYS)
local step = cjson.decode(ARGV[1])

local function kind(key)
  return redis.call('TYPE', key).ok
end

-- 1. Nothing is written before everything has been looked at.
for key, wanted in pairs({
  [policy] = 'hash', [history] = 'stream', [updates] = 'stream', [audit] = 'stream', [head] = 'hash',
}) do
  local found = kind(key)
  -- A halt touches neither the policy nor its history; what lies there must not keep it from stopping.
  local touched = step.fields or key == audit or key == head
  if touched and found ~= 'none' and found ~= wanted then
    return {'foreign', key, found, wanted}
  end
end
local before = redis.call('HMGET', head, 'entries', 'last')
if (before[1] or '0') ~= step.before.entries or (before[2] or string.rep('0', 64)) ~= step.before.last then
  return {'moved'}
end
if step.fields then
  if redis.call('HLEN', policy) ~= #step.replaced / 2 then
    return {'moved'}
  end
  for i = 1, #step.replaced, 2 do
    if redis.call('HGET', policy, step.replaced[i]) ~= step.replaced[i + 1] then
      return {'moved'}
    end
  end
end

-- 2. The streams first: theirs are the only writes that a server can still refuse, and they can be taken back.
local added = {}
local function add(key, record)
  if not record then
    return nil
  end
  local id = redis.pcall('XADD', key, '*', unpack(record))
  if type(id) == 'table' and id.err then
    for _, entry in ipairs(added) do
      redis.pcall('XDEL', entry[1], entry[2])
    end
    return id
  end
  added[#added + 1] = {key, id}
  return nil
end
-- The audit before all else: a server that loses its power may bring back the beginning of a step, and then this
-- shows it.
local refused = add(audit, step.audit) or add(history, step.history) or add(updates, step.update)
if refused then
  return refused
end

-- 3. The rest.
if step.fields then
  redis.call('DEL', policy)
  for i = 1, #step.fields, 2 do
    redis.call('HSET', policy, step.fields[i], step.fields[i + 1])
  end
end
if step.halt then
  -- Something that is no set stops everything, and goes on doing so until everything is resumed.
  if kind(halts) ~= 'none' and kind(halts) ~= 'set' then
    redis.call('DEL', halts)
    redis.call('SADD', halts, '*')
  end
  if step.halt.clear then
    redis.call('DEL', halts)
  end
  for _, name in ipairs(step.halt.add) do
    redis.call('SADD', halts, name)
  end
  for _, name in ipairs(step.halt.remove) do
    -- Another writer may have written it in another case.
    for _, member in ipairs(redis.call('SMEMBERS', halts)) do
      if string.upper(member) == name then
        redis.call('SREM', halts, member)
      end
    end
  end
end
redis.call('HSET', head, 'entries', step.after.entries, 'last', step.after.last)
if step.after.seq then
  redis.call('HSET', head, 'seq', step.after.seq)
end
return {'done'}
