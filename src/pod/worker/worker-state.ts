// What a worker holds and what it has to say: no clock, no network, no engine. What happened goes in with its time; `due`
// tells what is to be done now, `nextDue` when to ask again.
//
// W1 One step at a time; a lease that comes meanwhile, or from a deposed operator, is let pass.
// W2 A step may commit only while its lease is renewed: before the first answered heartbeat, and after the last one has
//    run out, it may not. `mayCommit` never lies further ahead than the operator waits before it gives the step to others.
// W3 An outcome is said again and again until it is settled, whatever else goes on; before the next request for work.
// W4 Of a lease that is over nothing is delivered but what was really done.
import {
  COMMIT_MARGIN,
  type LeaseId,
  leaseKey,
  MESSAGE_VERSION,
  type Notice,
  type Renewal,
  type Settled,
  type Work,
} from '../../dispatch/index.ts'
import type { StepOutcome } from '../../plan/index.ts'
import { type Backoff, backoff } from './backoff.ts'
import { deliverable, type EndReason } from './deliverable.ts'
import { type HeldLease, hold, isRenewed, type LeaseGiven, soon } from './held-lease.ts'
import { LeaderEpoch } from './leader-epoch.ts'
import { damaged, leasedTask } from './leased-task.ts'
import { type Said, Unsettled } from './unsettled.ts'
import type { WorkerAct } from './worker-act.ts'

/** What is wrong on the other side does not pass in a second. */
const REFUSED_MS = 5_000

export class WorkerState {
  readonly #worker: string
  readonly #backoff: Backoff
  readonly #unsettled = new Unsettled()
  /** What is to be done whatever the time is. */
  #acts: WorkerAct[] = []
  #running: HeldLease | undefined
  readonly #epoch = new LeaderEpoch()
  #draining = false
  /** The engine stands ready. */
  #canStart = false
  #ask = 0
  #askAt = 0
  #isAsking = false

  /** @param random from 0 to 1, for the jitter of pauses */
  constructor({ worker, random }: { worker: string; random: () => number }) {
    this.#worker = worker
    this.#backoff = backoff(random)
  }

  get running(): LeaseId | undefined {
    return this.#running?.id
  }

  get unsettled(): number {
    return this.#unsettled.size
  }

  /** Drained, and all is told. */
  get isDone(): boolean {
    return this.#draining && this.#running === undefined && this.#unsettled.size === 0
  }

  /** An answer to a request for work. @param ask which one, as `due` told it */
  work(ask: number, work: Work, now: number): void {
    if (ask === this.#ask) this.#isAsking = false
    if (work.kind === 'lease') {
      this.#lease(work, now)
    } else if (ask === this.#ask && work.kind === 'refused') {
      this.#askAt = this.#backoff.jittered(REFUSED_MS, now)
    } else if (ask === this.#ask && work.kind === 'none') {
      this.#backoff.reset()
      this.#epoch.learn(work.epoch)
      this.#askAt = now
    }
  }

  /** A request for work came to nothing. */
  noWork(ask: number, { forbidden }: { forbidden: boolean }, now: number): void {
    if (ask !== this.#ask) return
    this.#isAsking = false
    this.#askAt = forbidden ? this.#backoff.jittered(REFUSED_MS, now) : this.#backoff.next(now)
  }

  /** An answer to the heartbeat that was sent at that time. */
  renewal({ key, sentAt }: { key: string; sentAt: number }, answer: Renewal): void {
    const running = this.#running
    if (answer.kind === 'refused' || this.#epoch.isOver(answer.epoch)) return
    this.#epoch.learn(answer.epoch)
    if (running?.key !== key) return
    if (answer.kind === 'stop') {
      this.#stop(running, answer.reason)
      return
    }
    Object.assign(running, { leaseMs: answer.leaseMs, heartbeatMs: answer.heartbeatMs, accepted: true })
    running.beatAt = Math.min(running.beatAt, sentAt + answer.heartbeatMs)
    running.lostAt = Math.max(running.lostAt, sentAt + answer.leaseMs)
    if (running.end !== undefined) return
    this.#acts.push({ kind: 'mayCommit', key, until: sentAt + answer.leaseMs * (1 - COMMIT_MARGIN) })
  }

  /** A heartbeat was not answered: the next one comes soon. */
  noRenewal(key: string, now: number): void {
    if (this.#running?.key === key) this.#running.beatAt = Math.min(this.#running.beatAt, now + soon(this.#running))
  }

  notice(notice: Notice, now: number): void {
    if (this.#epoch.isOver(notice.epoch)) return
    this.#epoch.learn(notice.epoch)
    if (notice.kind === 'ask') this.#asksAgain(now)
    else if (this.#running?.key === leaseKey(notice.id)) this.#stop(this.#running, notice.reason)
  }

  /** The running step has ended. @returns whether its outcome will be delivered */
  ended(outcome: StepOutcome, now: number): boolean {
    const running = this.#running
    if (running === undefined) return false
    this.#running = undefined
    this.#askAt = now
    const delivered = deliverable(outcome, running.end)
    if (delivered !== undefined) this.#unsettled.add(running.id, delivered, now)
    return delivered !== undefined
  }

  settled(key: string, answer: Settled, now: number): void {
    if (answer.kind === 'refused') this.#unsettled.put(key, this.#backoff.jittered(REFUSED_MS, now))
    else if (!this.#epoch.isOver(answer.epoch)) {
      this.#epoch.learn(answer.epoch)
      this.#unsettled.settle(key)
    }
  }

  /** The connection is there (again): whatever was said may be lost. */
  connected(now: number): void {
    this.#asksAgain(now)
    if (this.#running !== undefined) this.#running.beatAt = now
    this.#unsettled.putAll(now)
  }

  /** The engine stands ready, or is gone. */
  engine(canStart: boolean): void {
    this.#canStart = canStart
  }

  /** Takes no more work. */
  drain(): void {
    if (this.#draining) return
    this.#draining = true
    if (this.#isAsking) this.#acts.push({ kind: 'leave', message: { ...this.#frame(), leaving: true } })
  }

  /** The step that runs is to stop; its outcome is delivered. */
  giveUp(): void {
    if (this.#running !== undefined) this.#stop(this.#running, 'drained')
  }

  due(now: number): WorkerAct[] {
    this.#epoch.pass(now)
    const acts = this.#acts
    this.#acts = []
    const running = this.#running
    if (running !== undefined && running.end === undefined && now >= running.lostAt) {
      this.#stop(running, 'lost')
      acts.push(...this.#acts.splice(0))
    }
    acts.push(...this.#unsettled.due(now).map((said) => this.#report(said)))
    if (running !== undefined && isRenewed(running) && now >= running.beatAt) acts.unshift(this.#beat(running, now))
    if (this.#mayAsk && now >= this.#askAt) acts.push(this.#nextAsk())
    return acts
  }

  /** When there is something to do by the clock alone. */
  nextDue(): number {
    const times = [this.#unsettled.nextDue()]
    if (this.#acts.length > 0) times.push(0)
    if (this.#running !== undefined && isRenewed(this.#running)) times.push(this.#running.beatAt)
    if (this.#running !== undefined && this.#running.end === undefined) times.push(this.#running.lostAt)
    if (this.#mayAsk) times.push(this.#askAt)
    return Math.min(...times)
  }

  get #mayAsk(): boolean {
    return this.#running === undefined && !this.#draining && !this.#isAsking && this.#canStart
  }

  #frame(): { version: typeof MESSAGE_VERSION; worker: string; epoch: number } {
    return { version: MESSAGE_VERSION, worker: this.#worker, epoch: this.#epoch.latest }
  }

  #asksAgain(now: number): void {
    this.#isAsking = false
    this.#askAt = now
    this.#backoff.reset()
  }

  #lease(lease: LeaseGiven, now: number): void {
    const { id, epoch, leaseMs, task: packed } = lease
    if (this.#running !== undefined || this.#draining) return
    if (this.#epoch.isOver(epoch)) {
      this.#askAt = this.#backoff.next(now)
      return
    }
    this.#epoch.learn(epoch, leaseMs)
    this.#backoff.reset()
    const key = leaseKey(id)
    this.#askAt = now
    if (this.#unsettled.has(key)) {
      this.#unsettled.put(key, now) // it is done: whoever gives it again has not heard
      return
    }
    const task = leasedTask(id, packed)
    if (task === undefined) {
      this.#unsettled.add(id, damaged(id), now)
      return
    }
    this.#running = hold(lease, now)
    this.#acts.push({ kind: 'start', id, task })
  }

  #stop(running: HeldLease, reason: EndReason): void {
    if (running.end !== undefined) return
    running.end = reason
    this.#acts.push({ kind: 'abort', reason })
  }

  #report({ key, id, outcome }: Said): WorkerAct {
    return { kind: 'report', key, message: { ...this.#frame(), id, outcome } }
  }

  #beat(running: HeldLease, now: number): WorkerAct {
    running.beatAt = now + (running.accepted ? running.heartbeatMs : soon(running))
    const { key, id } = running
    return { kind: 'heartbeat', key, sentAt: now, message: { ...this.#frame(), id } }
  }

  #nextAsk(): WorkerAct {
    this.#ask++
    this.#isAsking = true
    return { kind: 'ask', ask: this.#ask, message: this.#frame() }
  }
}
