-- What can be done to an ETLRun in Argo CD's menu: nothing once it has ended.
local hasEnded = obj.status ~= nil and obj.status.finishedAt ~= nil
local isSuspended = obj.spec.suspend == true
local isCancelled = obj.spec.cancel == true

return {
  cancel = { disabled = hasEnded or isCancelled },
  suspend = { disabled = hasEnded or isCancelled or isSuspended },
  resume = { disabled = hasEnded or isCancelled or not isSuspended },
}
