// Whatever comes to a worker in whatever order: what must hold all the same.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { ANSWER_MS, leaseKey, type Renewal, STOP_REASONS } from '../../src/dispatch/index.ts'
import type { StepOutcome } from '../../src/plan/index.ts'
import type { WorkerAct } from '../../src/pod/worker/worker-act.ts'
import { idOf, LEASE_MS, lease, none, outcome, Rig, renewed, settled } from './worker-rig.ts'

/** What may happen. Numbers choose among what there is. */
type Event =
  | { kind: 'wait'; ms: number }
  | { kind: 'lease'; ask: number; step: number; epoch: number }
  | { kind: 'none' | 'noWork'; ask: number }
  | { kind: 'renewed'; beat: number; epoch: number }
  | { kind: 'stop'; beat: number; epoch: number; reason: number }
  | { kind: 'ended'; state: StepOutcome['state'] }
  | { kind: 'settled'; report: number; epoch: number }
  | { kind: 'connected' | 'drain' | 'giveUp' }
  | { kind: 'engine'; isReady: boolean }

const some = fc.nat(5)
const epoch = fc.integer({ min: 1, max: 3 })
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(LEASE_MS + 1000) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('lease' as const), ask: some, step: some, epoch }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('renewed' as const), beat: some, epoch }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('none' as const, 'noWork' as const), ask: some }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const), beat: some, epoch, reason: fc.nat(2) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('ended' as const),
      state: fc.constantFrom('Succeeded' as const, 'Failed' as const, 'Cancelled' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settled' as const), report: some, epoch }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('connected' as const, 'giveUp' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('engine' as const), isReady: fc.boolean() }) },
)
const events = fc
  .tuple(fc.array(event, { maxLength: 60 }), fc.array(event, { maxLength: 10 }), fc.boolean())
  .map(([before, after, drains]) => (drains ? [...before, { kind: 'drain' } as const, ...after] : before))

/** Watches what a worker does. */
class Watch {
  readonly rig = new Rig()
  readonly #asks: number[] = []
  readonly #beats: Extract<WorkerAct, { kind: 'heartbeat' }>[] = []
  /** Keys of outcomes that are to be told, and when they were last. */
  readonly #pending = new Map<string, number>()
  #running: { key: string; since: number; aborted: boolean; renewedAt: number | undefined } | undefined
  #open = 0
  #isReady = true
  #drains = false

  play(events: readonly Event[]): void {
    this.#look()
    for (const event of events) {
      this.#play(event)
      this.#look()
      assert.ok(this.rig.state.nextDue() > this.rig.now, 'it would never sleep')
    }
  }

  #play(event: Event): void {
    const { rig } = this
    const { state, now } = rig
    const pick = <T>(list: readonly T[], index: number): T | undefined => list.at(-1 - (index % (list.length || 1)))
    switch (event.kind) {
      case 'wait':
        rig.now += event.ms
        return
      case 'lease':
      case 'none':
      case 'noWork': {
        const ask = pick(this.#asks, event.ask)
        if (ask === undefined) return
        if (ask === this.#asks.at(-1)) this.#open = 0
        if (event.kind === 'lease') state.work(ask, lease(idOf(`s${event.step}`), event.epoch), now)
        else if (event.kind === 'none') state.work(ask, none(), now)
        else state.noWork(ask, { forbidden: false }, now)
        return
      }
      case 'renewed':
      case 'stop': {
        const beat = pick(this.#beats, event.beat)
        if (beat === undefined) return
        this.#lastBeat = beat
        state.renewal(beat, event.kind === 'renewed' ? renewed(event.epoch) : stopOf(event))
        return
      }
      case 'ended': {
        const { running } = state
        if (running === undefined) return
        const isTold = state.ended(outcome(running.step, event.state), now)
        if (isTold) this.#pending.set(leaseKey(running), Number.NEGATIVE_INFINITY)
        this.#running = undefined
        return
      }
      case 'settled': {
        const key = pick([...this.#pending.keys()], event.report)
        if (key === undefined) return
        const before = state.unsettled
        state.settled(key, settled(event.epoch), now)
        if (state.unsettled < before) this.#pending.delete(key)
        return
      }
      case 'connected':
        this.#open = 0
        state.connected(now)
        return
      case 'drain':
        this.#drains = true
        state.drain()
        return
      case 'giveUp':
        state.giveUp()
        return
      case 'engine':
        this.#isReady = event.isReady
        state.engine(event.isReady)
        return
      default:
        event satisfies never
    }
  }

  #lastBeat: { key: string; sentAt: number } | undefined

  #look(): void {
    const { rig } = this
    rig.due()
    for (const act of rig.acts) this.#see(act)
    for (const [key, toldAt] of this.#pending)
      assert.ok(rig.now - toldAt < ANSWER_MS, `the outcome of ${key} is told every ${ANSWER_MS} ms until it is settled`)
    const running = this.#running
    if (running !== undefined && !running.aborted)
      assert.ok(rig.now < (running.renewedAt ?? running.since) + LEASE_MS, 'a step without a lease is stopped')
    assert.equal(rig.state.unsettled, this.#pending.size)
  }

  #see(act: WorkerAct): void {
    const { now, state } = this.rig
    switch (act.kind) {
      case 'start':
        assert.equal(this.#running, undefined, 'one step at a time')
        assert.ok(!this.#drains, 'a worker that is to end begins nothing')
        this.#running = { key: leaseKey(act.id), since: now, aborted: false, renewedAt: undefined }
        return
      case 'mayCommit': {
        const running = this.#running
        assert.ok(running !== undefined && running.key === act.key && !running.aborted)
        const { sentAt } = this.#lastBeat ?? assert.fail('no heartbeat was answered')
        assert.ok(act.until < sentAt + LEASE_MS, 'before the operator can take the lease for over')
        running.renewedAt = Math.max(running.renewedAt ?? 0, sentAt)
        return
      }
      case 'abort':
        if (this.#running !== undefined) this.#running.aborted = true
        return
      case 'heartbeat':
        this.#beats.push(act)
        return
      case 'report':
        assert.ok(this.#pending.has(act.key) || state.unsettled > 0)
        this.#pending.set(act.key, now)
        return
      case 'ask':
        assert.ok(state.running === undefined && !this.#drains && this.#isReady)
        assert.equal(this.#open, 0, 'one request for work at a time')
        this.#open = 1
        this.#asks.push(act.ask)
        return
      case 'leave':
        assert.ok(this.#drains)
        return
      default:
        act satisfies never
    }
  }
}

const stopOf = ({ epoch, reason }: Extract<Event, { kind: 'stop' }>): Renewal => ({
  version: 1,
  kind: 'stop',
  epoch,
  reason: STOP_REASONS[reason] ?? 'cancelled',
})

it('a worker runs one step at a time, commits only within its lease, and tells each outcome until it is settled', () => {
  fc.assert(fc.property(events, (given) => new Watch().play(given)))
})
