-- Goes on with a run that has failed or was cancelled: what has not succeeded is run again.
obj.spec.restarts = (obj.spec.restarts or 0) + 1
if obj.spec.cancel == true then
  obj.spec.cancel = false
end
return obj
