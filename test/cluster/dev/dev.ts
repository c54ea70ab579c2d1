// `make dev`: a working system on this machine, in one command. A real control plane, a node that runs pods as processes, the
// operator from dist/ with no more rights than it needs, and a storage whose tables lie in a folder.
//
// 1. What to type next is printed once all of it works; then the operator's log is followed.
// 2. Ctrl-C or SIGTERM ends every process and removes every folder, exit 0. So does the end of this program, however it comes.
// 3. It ends by itself, with 1, only when it could not start, or the operator has ended.
import { accessSync, constants, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { stringify } from 'yaml'
import { API_VERSION } from '../../../src/manifest/index.ts'
import type { Supervised } from '../bed/supervised.ts'
import { Cluster, type Manifest } from '../support/cluster.ts'
import { grantOperatorRights, OPERATOR_USER } from '../support/rights.ts'
import { startSupervisedOperator } from '../support/supervised-operator.ts'
import { welcome } from './welcome.ts'

const say = (text: string) => void process.stdout.write(`${text}\n`)

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

try {
  process.exitCode = await dev(stop.signal)
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
  process.exitCode = 1
}
// A connection that a server left open must not keep the program.
process.exit()

async function dev(signal: AbortSignal): Promise<number> {
  say('Starting a control plane, a node and the operator …')
  await using cluster = await Cluster.start({ users: [{ name: OPERATOR_USER }] })
  await grantOperatorRights(cluster.plane.api)
  const storage = join(cluster.lake, 'storage.yaml')
  await applyStorage(cluster, storage)
  const operator = await startSupervisedOperator(cluster.plane)
  say(
    welcome({
      kubeconfig: cluster.plane.kubeconfig,
      storage,
      metricsPort: operator.port,
      logFile: operator.logFile,
      hasKubectl: isOnPath('kubectl'),
    }),
  )
  signal.addEventListener('abort', () => operator.process.signal('SIGTERM'))
  if (signal.aborted) operator.process.signal('SIGTERM')
  await operator.log.follow({ say, until: ended(operator.process) })
  if (!signal.aborted) throw new Error('the operator has ended by itself; its last words stand above')
  return (await operator.process.ended).code ?? 1
}

/** The same paths inside of pods and outside: what the operator's runs have written, `loom show` finds with the same file. */
async function applyStorage(cluster: Cluster, file: string): Promise<void> {
  const storage: Manifest = cluster.storage({}, cluster.lake)
  await cluster.apply(storage)
  writeFileSync(file, stringify({ apiVersion: API_VERSION, ...storage }))
}

function ended({ ended: end }: Supervised): AbortSignal {
  const gone = new AbortController()
  void end.then(() => gone.abort())
  return gone.signal
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
