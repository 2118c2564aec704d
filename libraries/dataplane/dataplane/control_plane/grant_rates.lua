-- Grants one process small leases of the rates of several keys of one team, in one step.
-- KEYS: one hash a key of the team. ARGV: the process, the length of a lease in microseconds, and a JSON list of asks
-- in the order of KEYS: [number, requests or null, tokens or null, slots or null], each an array as rate_asks.py has it.
-- The answer is a JSON list: [[granted, level] or null, [granted, level] or null, [held, left, short] or null].
--
-- A hash holds `at` (the server's microseconds of its last refill), the levels `requests` and `tokens`, `tight` (until
-- when slots are wanted elsewhere), and for each process `p:<process>`: number, requests, tokens and slots that it
-- holds, until when, and what its last ask was granted, so that the same ask gives the same answer. What is held counts
-- as still in the bucket: level + held never passes the burst, so that in no stretch of time more than
-- burst + rate * time is let through. A lease that ends unreported counts as used.

local REMEMBERED = 60 * 1000000
local LONGEST = 86400000
local TIGHT = 2 * 1000000

local process, lease, asks = ARGV[1], tonumber(ARGV[2]), cjson.decode(ARGV[3])
local now = server_time()

local function exact(number)
  return string.format('%.17g', number)
end

-- The server's own encoder writes fourteen digits, and whole numbers above that as 1.01e+14, which are none to a reader.
local function amount_text(granted, level)
  return string.format('[%.0f,%.17g]', granted, level)
end

local function read(key)
  local raw = redis.call('HGETALL', key)
  local state = {others = {0, 0, 0}, own = {0, 0, 0}, last = {0, 0}, number = -1, live = 1, stored = {}, dead = {}}
  for place = 1, #raw, 2 do
    local name, value = raw[place], raw[place + 1]
    if string.sub(name, 1, 2) ~= 'p:' then
      state.stored[name] = tonumber(value)
    else
      local number, requests, tokens, slots, ends, last_requests, last_tokens =
        string.match(value, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
      local left = math.min(tonumber(ends), now + lease) - now
      local held = {0, 0, 0}
      if left > 0 then
        held = {tonumber(requests), tonumber(tokens), tonumber(slots)}
      elseif left < -REMEMBERED and name ~= 'p:' .. process then
        state.dead[#state.dead + 1] = name
      end
      if name == 'p:' .. process then
        state.number, state.own, state.last = tonumber(number), held, {tonumber(last_requests), tonumber(last_tokens)}
      else
        for kind = 1, 3 do state.others[kind] = state.others[kind] + held[kind] end
        if left > 0 then state.live = state.live + 1 end
      end
    end
  end
  return state
end

-- The level after the refill, what is granted, and what the process then holds unused.
local function amounts(ask, level, elapsed, others, own, live)
  local rate, burst, held, back = ask[1], ask[2], ask[3], ask[4]
  local first, parked, soon, stock = ask[5], ask[6], ask[7], ask[8]
  local room = math.max(burst - others - held, 0)
  level = math.min((level or burst) + elapsed * rate / 1000000, math.max(burst - others - own, 0))
  level = math.min(level + back, room)
  local enough, granted, spare = first, 0, 0
  if first + held > burst then enough = math.min(first, math.max(room, 1)) end
  if level >= enough then
    granted = math.max(first, math.min(parked + soon, math.floor(math.max(level, 0))))
    spare = math.floor(math.max(math.min(stock, (level - granted) / (2 * live), burst / 8), 0))
  end
  return level - granted - spare, granted + spare, held + spare + math.max(granted - parked, 0)
end

local function slots(ask, others, live, tight)
  local limit, kept, needed, spare = ask[1], ask[2], ask[3], ask[4]
  local free = math.max(limit - others, 0)
  local wanted = kept + needed
  if wanted > free then return math.max(kept, free), 0, true end
  if not tight then wanted = wanted + math.floor(math.min(spare, (free - wanted) / (2 * live))) end
  return wanted, free - wanted, tight
end

local function answer(key, ask)
  local state = read(key)
  local stored, others, own, live = state.stored, state.others, state.own, state.live
  local elapsed = math.max(now - (stored.at or now), 0)
  local fresh = state.number < ask[1]
  local reply, held, full = {'null', 'null', 'null'}, {0, 0, 0}, 0
  local granted = state.number == ask[1] and state.last or {0, 0}
  local written = {'at', exact(now)}
  for kind, name in ipairs({'requests', 'tokens'}) do
    local wish = ask[kind + 1]
    if wish ~= cjson.null then
      if not fresh then
        reply[kind] = amount_text(granted[kind], stored[name] or wish[2])
      else
        local level
        level, granted[kind], held[kind] = amounts(wish, stored[name], elapsed, others[kind], own[kind], live)
        reply[kind] = amount_text(granted[kind], level)
        written[#written + 1], written[#written + 2] = name, exact(level)
        full = math.max(full, (wish[2] - level) / wish[1])
      end
    end
  end
  if ask[4] ~= cjson.null then
    local mine, left, short = slots(ask[4], others[3], live, (stored.tight or 0) > now)
    if not fresh then mine = own[3] end
    if fresh and mine < ask[4][2] + ask[4][3] then
      written[#written + 1], written[#written + 2] = 'tight', exact(now + TIGHT)
    end
    held[3] = mine
    reply[3] = string.format('[%.0f,%.0f,%s]', mine, left, tostring(short))
  end
  local text = '[' .. table.concat(reply, ',') .. ']'
  if not fresh then return text end
  written[#written + 1] = 'p:' .. process
  written[#written + 1] = table.concat(
    {exact(ask[1]), exact(held[1]), exact(held[2]), exact(held[3]), exact(now + lease),
      exact(granted[1]), exact(granted[2])}, ' ')
  redis.call('HSET', key, unpack(written))
  if #state.dead > 0 then redis.call('HDEL', key, unpack(state.dead)) end
  local ends = math.min(math.ceil(full * 1000) + (REMEMBERED + lease) / 1000, LONGEST)
  redis.call('PEXPIRE', key, string.format('%.0f', ends))
  return text
end

local replies = {}
for place, key in ipairs(KEYS) do
  replies[place] = answer(key, asks[place])
end
return '[' .. table.concat(replies, ',') .. ']'
