-- The tokens of the policy and of the halts that the server holds now, as `ContentToken` in `content.rs` computes them
-- from a read. A script that writes the result of a decision starts with these functions.

local function token_of(digests)
  table.sort(digests)
  return redis.sha1hex(table.concat(digests))
end

local function fields_token(key)
  local fields = redis.pcall('HGETALL', key)
  if fields.err then return '!' end
  local digests = {}
  for i = 1, #fields, 2 do
    digests[#digests + 1] = redis.sha1hex(#fields[i] .. ':' .. fields[i] .. fields[i + 1])
  end
  return token_of(digests)
end

-- The policy, and the policy set if there is one.
local function policy_token(key, set)
  local policy, text = fields_token(key), redis.pcall('GET', set)
  if type(text) == 'table' then text = '!' end
  if not text or text == '' then return policy end
  return redis.sha1hex(policy .. redis.sha1hex(text))
end

local function names_token(key)
  local names = redis.pcall('SMEMBERS', key)
  if names.err then return '!' end
  local digests = {}
  for i = 1, #names do digests[i] = redis.sha1hex(names[i]) end
  return token_of(digests)
end

-- An absent switch and an empty one are equal.
local function switch_token(key)
  local value = redis.pcall('GET', key)
  if type(value) == 'table' then return '!' end
  return redis.sha1hex(value or '')
end

-- The halts: both sets, and the switches of other programs, if the reader has any.
local function halts_token(key, recorded, ...)
  local tokens = { names_token(key), names_token(recorded) }
  for _, switch in ipairs({ ... }) do tokens[#tokens + 1] = switch_token(switch) end
  return redis.sha1hex(table.concat(tokens))
end

-- The clock of the server in microseconds.
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

