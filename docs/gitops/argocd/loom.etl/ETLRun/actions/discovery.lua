-- What can be done to an ETLRun in Argo CD's menu.
local status = obj.status or {}
local hasEnded = status.finishedAt ~= nil
local hasSucceeded = status.phase == "Succeeded"
local isSuspended = obj.spec.suspend == true
local isCancelled = obj.spec.cancel == true

return {
  cancel = { disabled = hasEnded or isCancelled },
  suspend = { disabled = hasEnded or isCancelled or isSuspended },
  resume = { disabled = hasEnded or isCancelled or not isSuspended },
  retry = { disabled = not hasEnded or hasSucceeded },
}
