// A worker's state with a clock of its own, and messages that say only what matters to the case.
import {
  type LeaseId,
  MESSAGE_VERSION,
  packTask,
  type Renewal,
  type Settled,
  type Work,
} from '../../src/dispatch/index.ts'
import type { StepOutcome } from '../../src/plan/index.ts'
import type { WorkerAct } from '../../src/pod/worker/worker-act.ts'
import { WorkerState } from '../../src/pod/worker/worker-state.ts'
import { lakeTask, sqlStep } from '../cluster/support/lake-task.ts'

export const LEASE_MS = 10_000
export const HEARTBEAT_MS = 3_000

const version = MESSAGE_VERSION
const terms = { leaseMs: LEASE_MS, heartbeatMs: HEARTBEAT_MS }

export const idOf = (step: string, number = 1): LeaseId => ({
  runUid: 'run-1',
  process: 'main',
  step,
  attempt: 1,
  try: number,
})

export const lease = (id: LeaseId, epoch = 1): Work => ({
  version,
  kind: 'lease',
  epoch,
  id,
  task: packTask(lakeTask('/lake', sqlStep(id.step, 'SELECT 1 AS id'), id)),
  ...terms,
})
export const none = (epoch = 1): Work => ({ version, kind: 'none', epoch })
export const renewed = (epoch = 1): Renewal => ({ version, kind: 'renewed', epoch, ...terms })
export const settled = (epoch = 1): Settled => ({ version, kind: 'settled', epoch })

export const outcome = (step: string, state: StepOutcome['state'] = 'Succeeded'): StepOutcome => ({
  process: 'main',
  step,
  state,
  durationMs: 5,
})

type Kind = WorkerAct['kind']
type Act<K extends Kind> = Extract<WorkerAct, { kind: K }>

export class Rig {
  readonly state = new WorkerState({ worker: 'one', random: () => 1 })
  now = 1_000_000
  acts: WorkerAct[] = []
  #beat: Act<'heartbeat'> | undefined

  constructor() {
    this.state.engine(true)
  }

  /** What is due now. */
  due(): Kind[] {
    this.acts = this.state.due(this.now)
    for (const act of this.acts) if (act.kind === 'heartbeat') this.#beat = act
    return this.acts.map(({ kind }) => kind)
  }

  after(ms: number): Kind[] {
    this.now += ms
    return this.due()
  }

  /** The last act of that kind. */
  act<K extends Kind>(kind: K): Act<K> {
    const found = this.acts.findLast((act): act is Act<K> => act.kind === kind)
    if (found === undefined) throw new Error(`no ${kind} among ${this.acts.map((act) => act.kind).join(', ')}`)
    return found
  }

  /** Asks, and gets that lease. @returns what is due then */
  take(id: LeaseId, epoch?: number): Kind[] {
    if (!this.acts.some(({ kind }) => kind === 'ask')) this.due()
    this.state.work(this.act('ask').ask, lease(id, epoch), this.now)
    return this.due()
  }

  /** The last heartbeat is answered. */
  renew(answer: Renewal = renewed()): Kind[] {
    if (this.#beat !== undefined) this.state.renewal(this.#beat, answer)
    return this.due()
  }
}
