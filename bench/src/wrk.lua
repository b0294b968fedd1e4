-- Requests that rotate tokens and works. What to send comes by the environment; what came of it
-- leaves as one line of JSON.

local tokens = tonumber(os.getenv("BENCH_TOKENS"))
local rest = tonumber(os.getenv("BENCH_REST") or "0")
local scope = os.getenv("BENCH_SCOPE") or ""
local host = os.getenv("BENCH_HOST")

local paths = {}
for line in io.lines(os.getenv("BENCH_PATHS")) do
  paths[#paths + 1] = line
end

local tail = ""
if scope ~= "" then
  tail = "\r\nImprimatur-Scope: " .. scope
end
tail = tail .. "\r\n\r\n"

local function write(i)
  return "GET " .. paths[i % #paths + 1] .. " HTTP/1.1\r\nHost: " .. host
    .. "\r\nAuthorization: Bearer sk_test_" .. string.format("%064x", i) .. tail
end

-- Written once where there are few enough, so that the client costs as little as it can.
local ready
if os.getenv("BENCH_READY") == "yes" then
  ready = {}
  for i = 0, tokens - 1 do
    ready[i] = write(i)
  end
end

-- A stride that is prime walks every token before any comes again.
local stride = 7919
local at = 0

function request()
  at = (at + stride) % tokens
  if ready then
    return ready[at]
  end
  return write(at)
end

-- Rests are spread evenly around their mean, so that connections do not march in step.
if rest > 0 then
  function delay()
    return math.random() * 2 * rest
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'BENCH {"answers":%d,"refused":%d,"lost":%d,"micros":%d,"p50":%.1f,"p99":%.1f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration, latency:percentile(50), latency:percentile(99)))
end
