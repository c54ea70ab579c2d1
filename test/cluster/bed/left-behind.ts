// The program that a test kills: a control plane with a pod that runs forever. Prints one line of JSON: what must not survive it.

import { readdirSync, readFileSync } from 'node:fs'
import { startControlPlane, startProcessNode, until } from './index.ts'
import { PODS, pod, podIn, shell } from './shapes.ts'

const plane = await startControlPlane()
await startProcessNode(plane)
const mark = `left-behind-${process.pid}`
await plane.api.create(
  PODS,
  pod(
    'forever',
    shell('exec sleep 1000000', { env: [{ name: 'MARK', value: mark }], securityContext: { runAsUser: 65532 } }),
  ),
)
await podIn(plane.api, 'forever', 'Running')
const podPid = await until('the pod has a process', () => processWith(`MARK=${mark}`))
process.stdout.write(`${JSON.stringify({ folder: plane.folder, pids: plane.pids(), podPid })}\n`)

/** Pid of the `sleep` whose environment has the text. */
function processWith(text: string): number | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const found = pids.find(
    (pid) => read(`/proc/${pid}/comm`) === 'sleep\n' && read(`/proc/${pid}/environ`).includes(text),
  )
  return found === undefined ? undefined : Number(found)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
