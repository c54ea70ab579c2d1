// Loaded before the program in a step's container (`node --import`): the first attempt does its work and then hangs for ever
// right before it would tell its outcome, until somebody kills it.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

if (process.argv.includes('--attempt=1')) {
  const write = fs.writeFileSync
  fs.writeFileSync = (file, ...rest) => {
    if (file === '/dev/termination-log') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    write(file, ...rest)
  }
  syncBuiltinESMExports()
}
