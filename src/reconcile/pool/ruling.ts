// What a rule about a pool sees and answers; status.ts makes conditions and the status of it, once.
import type { Reason } from '../../manifest/index.ts'
import type { RunEvent } from '../decision.ts'
import type { PoolAction } from './decision.ts'
import type { Scene } from './scene.ts'

export interface PoolRuling {
  reason: Reason
  message: string
  /** It can take steps, with as many workers as are always wanted. */
  ready: boolean
  /** working: on the way to what is wanted. stalled: only the user can help. */
  state: 'done' | 'working' | 'stalled'
  actions?: PoolAction[]
  /** How many workers are wanted; absent: as before. */
  scale?: Scene['scale']
  events?: RunEvent[]
  /** Milliseconds since the epoch. */
  lookAgainAt?: number | undefined
  /** Leave the status as it is: the object is going away. */
  keepStatus?: boolean
}

export type PoolRule = (scene: Scene) => PoolRuling | undefined
