-- Starts nothing more; steps that run are left to finish.
obj.spec.suspend = true
return obj
