// The engine's process of a step that runs on a process node: the one below the first process of the step's container.
import { readdirSync, readFileSync } from 'node:fs'

/** Pid on this machine, once there is such a process. */
export function enginePid(runUid: string): number | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const engine = pids.find(
    (pid) => commandOf(pid).includes('/pod/child.js') && commandOf(parentOf(pid)).includes(`--run-uid=${runUid}`),
  )
  return engine === undefined ? undefined : Number(engine)
}

const commandOf = (pid: string): string => read(pid, 'cmdline').replaceAll('\0', ' ')

const parentOf = (pid: string): string => /^PPid:\s+(\d+)$/m.exec(read(pid, 'status'))?.[1] ?? ''

/** Empty for a process that has gone meanwhile. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
