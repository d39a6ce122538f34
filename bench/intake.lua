-- wrk: every request a new order with its own Idempotency-Key
local thread_id = 0
function setup(thread) thread:set("id", thread_id); thread_id = thread_id + 1 end
function init(args)
  n = 0
  seed = tostring(os.time()) .. tostring(id)
  token = args[1]
  unit = args[2]
end
function request()
  n = n + 1
  local body = string.format('{"text":"第%d号：楼道的灯坏了三天，老人上下楼不方便","unit":"%s","kind":"help","contact":{"phone":"138%08d"}}', n, unit, n % 100000000)
  return wrk.format("POST", "/api/v1/orders", {["Content-Type"]="application/json", ["Authorization"]="Bearer " .. token, ["Idempotency-Key"]=seed .. "-" .. n}, body)
end
local bad = 0
function response(status) if status ~= 201 then bad = bad + 1 end end
function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %.3f %.3f %.3f\n", summary.requests, summary.duration, summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.write + summary.errors.connect, latency:percentile(50)/1000, latency:percentile(99)/1000, latency.max/1000))
end
