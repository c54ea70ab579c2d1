// Loaded before the program (`node --import die-at.ts?op=link&path=…&when=before main.ts`): kills the process with -9 right
// before or after the first file operation of that name whose last path matches.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { searchParams } = new URL(import.meta.url)
const op = searchParams.get('op') ?? ''
const path = new RegExp(searchParams.get('path') ?? '')
const before = searchParams.get('when') === 'before'

const operations = fs.promises as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
const original = operations[op]
if (original === undefined) throw new Error(`there is no file operation "${op}"`)

operations[op] = async (...args) => {
  const paths = args.filter((arg) => typeof arg === 'string' && arg.includes('/'))
  const wanted = path.test(String(paths.at(-1)))
  if (wanted && before) process.kill(process.pid, 'SIGKILL')
  const result = await original.apply(fs.promises, args)
  if (wanted) process.kill(process.pid, 'SIGKILL')
  return result
}
syncBuiltinESMExports()
