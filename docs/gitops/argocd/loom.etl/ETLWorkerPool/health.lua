-- Health of an ETLWorkerPool: that of a Deployment, in its conditions' words.
local generation = obj.metadata.generation
local status = obj.status or {}

if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "being deleted" }
end
if status.observedGeneration == nil or (generation ~= nil and status.observedGeneration ~= generation) then
  return { status = "Progressing", message = "the operator has not seen this version of it yet" }
end

local message = status.message or ""
local is = {}
for _, condition in ipairs(status.conditions or {}) do
  is[condition.type] = condition.status == "True"
end
if is.Stalled then
  return { status = "Degraded", message = status.reason .. ": " .. message }
end
if is.Reconciling then
  return { status = "Progressing", message = message }
end
if obj.spec.paused == true then
  return { status = "Suspended", message = message }
end
if is.Ready then
  return { status = "Healthy", message = message }
end
return { status = "Progressing", message = message }
