-- Goes on with a suspended run.
obj.spec.suspend = false
return obj
