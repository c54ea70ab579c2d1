-- Health of an ETLRun. Progressing and Suspended hold a sync wave, Degraded fails it: what comes after a run starts only when
-- the run has succeeded.
local generation = obj.metadata.generation
local status = obj.status or {}

if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "being deleted" }
end
if status.observedGeneration == nil or (generation ~= nil and status.observedGeneration ~= generation) then
  return { status = "Progressing", message = "the operator has not seen this version of it yet" }
end

local message = status.message or ""
if status.progress ~= nil then
  message = status.progress .. " steps done: " .. message
end
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Succeeded" and condition.status == "True" then
    return { status = "Healthy", message = message }
  end
  if condition.type == "Stalled" and condition.status == "True" then
    return { status = "Degraded", message = condition.reason .. ": " .. message }
  end
end
if status.phase == "Suspended" then
  return { status = "Suspended", message = message }
end
return { status = "Progressing", message = message }
