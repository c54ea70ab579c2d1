// loom cancel, suspend, resume, retry: one change of the spec of each run that is named.
import { asFault, Fault } from '../../base/index.ts'
import {
  type ClusterChoice,
  decideOrder,
  findRun,
  type Order,
  onCluster,
  patchRun,
  type RemoteCluster,
} from '../../remote/index.ts'
import { EXIT, type Io, UsageError } from '../io.ts'

/** @throws Fault of the first run that it can't be done to; the others are done all the same */
export async function orderCommand(
  order: Order,
  names: readonly string[],
  { cluster: choice, io }: { cluster: ClusterChoice; io: Io },
): Promise<number> {
  const program = io.program ?? 'loom'
  if (names.length === 0)
    throw new UsageError(`cannot ${order} anything: name a run; for example: ${program} ${order} flights-2013-01`)
  return await onCluster(choice, async (cluster) => {
    const faults: Fault[] = []
    for (const name of new Set(names)) {
      try {
        io.out(`${await orderOne(cluster, { order, name, program })}\n`)
      } catch (thrown) {
        const fault = asFault(thrown)
        // what holds for one holds for all: no cluster, no rights
        if (fault.kind !== 'missing' && fault.kind !== 'invalid') throw thrown
        faults.push(fault)
      }
    }
    for (const { message } of faults.slice(1)) io.err(`${message}\n`)
    const [first] = faults
    if (first !== undefined) throw first
    return EXIT.succeeded
  })
}

async function orderOne(
  cluster: RemoteCluster,
  { order, name, program }: { order: Order; name: string; program: string },
): Promise<string> {
  const decision = decideOrder(order, await findRun(cluster, name), program)
  switch (decision.kind) {
    case 'patch':
      await patchRun(cluster, name, decision.patch)
      return decision.says
    case 'nothing':
      return decision.says
    case 'refused': {
      const message = `cannot ${order} ETLRun "${name}": ${decision.why}`
      throw new Fault({ kind: 'invalid', code: 'TooLate', message })
    }
    default:
      return decision satisfies never
  }
}
