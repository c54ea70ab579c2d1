// The operator from dist/ as a process of a control plane's supervisor: it can't outlive the program that started it. It has the
// rights that it needs, and no others.
import { join } from 'node:path'
import type { ControlPlane } from '../bed/index.ts'
import type { Supervised } from '../bed/supervised.ts'
import { until } from '../bed/wait.ts'
import { FollowedLog } from './followed-log.ts'
import { REPOSITORY } from './operator-process.ts'
import { OPERATOR_USER } from './rights.ts'

export interface SupervisedOperator {
  readonly process: Supervised
  readonly logFile: string
  readonly log: FollowedLog
  /** Of /metrics. */
  readonly port: number
}

/** As it is meant to be run: V8 would take 64 MiB for what is about to be garbage. */
const MEMORY = '--max-semi-space-size=8'

let started = 0

/** Starts one; resolves when it leads. The control plane must know `OPERATOR_USER`, and have granted it its rights. */
export async function startSupervisedOperator(plane: ControlPlane): Promise<SupervisedOperator> {
  started += 1
  const logFile = join(plane.folder, `operator-${started}.log`)
  const flags = ['--image', 'loom:dev', '--port', '0', '--host', '127.0.0.1']
  const kubeconfig = ['--kubeconfig', plane.user(OPERATOR_USER).kubeconfig]
  const program = [process.execPath, MEMORY, join(REPOSITORY, 'dist/cli/main.js')]
  const command = [...program, 'operator', ...flags, ...kubeconfig]
  const operator = await plane.supervisor.spawn({ command, output: logFile })
  const log = new FollowedLog(logFile)
  await until('the operator leads', () => log.find('leading') !== undefined, {
    everyMs: 20,
    seconds: 300,
    hopeless: () => (operator.ending === undefined ? undefined : new Error(log.text())),
  })
  return { process: operator, logFile, log, port: Number(log.find('listening')?.['port']) }
}
