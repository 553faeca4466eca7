-- Applies one change atomically. KEYS: the policy, the history, the updates, the audit log, the head, the halts, the
-- recorded halts, the lease of the updater, the policy set, the results of the arm that is started.
-- ARGV[1]: the change as JSON; every value in it is a text, so that no number is converted to floating point.
-- Returns {"done"}, {"moved"}, {"unmet", condition}, or {"foreign", key, found type, required type}.
local policy, history, updates, audit, head, halts, recorded, lease, set, results = unpack(KEYS)
local step = cjson.decode(ARGV[1])

local function kind(key)
  return redis.call('TYPE', key).ok
end

-- 1. Check everything before the first write.
for key, wanted in pairs({
  [policy] = 'hash', [history] = 'stream', [updates] = 'stream', [audit] = 'stream', [head] = 'hash', [set] = 'string',
}) do
  local found = kind(key)
  -- A halt does not touch the policy or its history, so foreign content there must not block the halt.
  local touched = key == audit or key == head
  if key == set then
    touched = step.set
  elseif key == updates then
    touched = step.update
  elseif not touched then
    touched = step.fields
  end
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
if step.set and (redis.call('GET', set) or '') ~= step.set.replaced then
  return {'moved'}
end

local conditions = step.conditions
if conditions then
  if kind(lease) ~= 'string' or redis.call('GET', lease) ~= conditions.lease then
    return {'unmet', 'lease'}
  end
  -- A number of microseconds since 1970 is exact in a double.
  local time = redis.call('TIME')
  local age = time[1] * 1000000 + time[2] - tonumber(conditions.features_end_us)
  if age < 0 then
    return {'unmet', 'future'}
  end
  if age > tonumber(conditions.max_age_us) then
    return {'unmet', 'age'}
  end
end

-- 2. Write the streams first: only these writes can still fail, and they can be undone.
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
-- Write the audit log before everything else: after a power failure a server may recover only the beginning of a
-- change, and the audit log then shows it.
local refused = add(audit, step.audit) or add(history, step.history) or add(updates, step.update)
if refused then
  return refused
end

-- 3. Write the rest.
if step.fields then
  redis.call('DEL', policy)
  for i = 1, #step.fields, 2 do
    redis.call('HSET', policy, step.fields[i], step.fields[i + 1])
  end
end
if step.set then
  redis.call('SET', set, step.set.text)
  if step.set.starts then
    redis.call('DEL', results)
  end
end
if step.halt then
  for _, key in ipairs({halts, recorded}) do
    -- A key of another type halts everything, until everything is resumed.
    if kind(key) ~= 'none' and kind(key) ~= 'set' then
      redis.call('DEL', key)
      redis.call('SADD', key, '*')
    end
    if step.halt.clear then
      redis.call('DEL', key)
    end
    for _, name in ipairs(step.halt.add) do
      redis.call('SADD', key, name)
    end
    for _, name in ipairs(step.halt.remove) do
      -- Another writer may have used another case.
      for _, member in ipairs(redis.call('SMEMBERS', key)) do
        if string.upper(member) == name then
          redis.call('SREM', key, member)
        end
      end
    end
  end
  -- Restore the halts that have disappeared without a resume.
  for _, member in ipairs(redis.call('SMEMBERS', recorded)) do
    redis.call('SADD', halts, member)
  end
end
redis.call('HSET', head, 'entries', step.after.entries, 'last', step.after.last)
if step.after.seq then
  redis.call('HSET', head, 'seq', step.after.seq)
end
if step.after.set_seq then
  redis.call('HSET', head, 'set_seq', step.after.set_seq)
end
if step.after.released then
  redis.call('HSET', head, 'released', step.after.released)
else
  redis.call('HDEL', head, 'released')
end
return {'done'}
