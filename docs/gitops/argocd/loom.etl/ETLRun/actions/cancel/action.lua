-- Stops what runs, with grace, and ends the run.
obj.spec.cancel = true
return obj
