// A pool over time, against a model of its Deployment and of the dispatch: steps come and end, workers start, decisions are
// carried out action by action. What must hold whatever happens: nobody who has a step is taken away, and it comes to rest.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decidePool, type PoolAction, type PoolObserved } from '../../../src/reconcile/index.ts'
import { load, NOW, pool, running, type worker } from './pools.ts'

type Worker = ReturnType<typeof worker>

class Model {
  now = NOW
  replicas = 0
  workers: Worker[] = []
  status: PoolObserved['pool']['status'] = {}
  draining: string[] = []
  pending: PoolAction[] = []
  readonly busy = new Set<string>()
  backlog = 0
  #made = 0

  observed(): PoolObserved {
    const idle = this.workers.filter(({ name, ready }) => ready && !this.busy.has(name)).map(({ name }) => name)
    return running(
      this.replicas,
      {
        now: this.now,
        pool: pool({ replicas: { min: 1, max: 5 }, scaleDown: { coolDown: '2s' } }, { status: this.status }),
        workers: this.workers.map((each) => ({ ...each })),
        load: load({ backlog: this.backlog, busy: [...this.busy], idle, draining: this.draining }),
      },
      {
        total: this.workers.length,
        updated: this.workers.length,
        ready: this.workers.filter(({ ready }) => ready).length,
      },
    )
  }

  /** Decides, unless what was decided last is not done yet. @returns how much there is to do */
  look(): number {
    if (this.pending.length > 0) return this.pending.length
    const { actions, status } = decidePool(this.observed())
    this.pending = [...actions]
    this.status = status
    return actions.length
  }

  /** Does one of the things that were decided; anything may happen between two. */
  act(): void {
    const action = this.pending.shift()
    if (action !== undefined) this.#do(action)
  }

  #do(action: PoolAction): void {
    if (action.kind === 'drain') this.draining = action.workers
    else if (action.kind === 'mark' || action.kind === 'unmark')
      this.workers = this.workers.map((each) =>
        each.name === action.name ? { ...each, marked: action.kind === 'mark' } : each,
      )
    else if ('replicas' in action) this.replicas = action.replicas
  }

  /** What the Deployment's controllers do. */
  settle(): void {
    while (this.workers.length < this.replicas) this.#start()
    const cheapest = (one: Worker, other: Worker) =>
      Number(one.ready) - Number(other.ready) || Number(other.marked) - Number(one.marked)
    for (const gone of this.workers.toSorted(cheapest).slice(0, this.workers.length - this.replicas)) {
      assert.ok(!this.busy.has(gone.name), `${gone.name} has a step and was taken away`)
      this.workers = this.workers.filter(({ name }) => name !== gone.name)
    }
  }

  #start(): void {
    this.#made += 1
    const name = `w${this.#made}`
    this.workers = [...this.workers, { name, uid: name, ready: false, deleting: false, ended: false, marked: false }]
  }

  /** A new leader has told nobody anything yet; that is the first that it does. */
  takeOver(): void {
    this.draining = []
    this.pending = []
    this.look()
    this.act()
  }

  comeUp(): void {
    this.workers = this.workers.map((each) => ({ ...each, ready: true }))
  }

  lease(): void {
    const free = this.workers.find(({ name, ready }) => ready && !this.busy.has(name) && !this.draining.includes(name))
    if (this.backlog === 0 || free === undefined) return
    this.backlog -= 1
    this.busy.add(free.name)
  }

  finish(which: number): void {
    const name = [...this.busy][which % Math.max(1, this.busy.size)]
    if (name !== undefined) this.busy.delete(name)
  }
}

const events = fc.array(
  fc.oneof(
    { weight: 16, arbitrary: fc.record({ kind: fc.constantFrom('look', 'act', 'act'), n: fc.constant(0) }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('settle', 'lease', 'lease'), n: fc.constant(0) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('comeUp'), n: fc.constant(0) }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('finish'), n: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('steps'), n: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('time'), n: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('die'), n: fc.constant(0) }) },
  ),
  { minLength: 20, maxLength: 150, size: 'max' },
)

function happen(model: Model, { kind, n }: { kind: string; n: number }): void {
  if (kind === 'look') model.look()
  else if (kind === 'act') model.act()
  else if (kind === 'settle') model.settle()
  else if (kind === 'comeUp') model.comeUp()
  else if (kind === 'lease') model.lease()
  else if (kind === 'finish') model.finish(n)
  else if (kind === 'steps') model.backlog += n
  else if (kind === 'time') model.now += n * 1_000
  else model.takeOver()
}

describe('a pool over time', () => {
  it('takes no worker away that has a step, and comes to rest with as many as are needed', () => {
    fc.assert(
      fc.property(events, (happened) => {
        const model = new Model()
        model.backlog = 5
        for (const kind of ['look', 'act', 'settle', 'comeUp', 'lease', 'lease', 'lease', 'lease', 'lease'])
          happen(model, { kind, n: 9 })
        assert.equal(model.busy.size, 5)
        for (const event of happened) happen(model, event)
        // The work ends; time passes.
        model.backlog = 0
        while (model.busy.size > 0) model.finish(0)
        for (let i = 0; i < 30; i++) {
          model.look()
          while (model.pending.length > 0) model.act()
          model.settle()
          model.comeUp()
          model.now += 20_000
        }
        assert.equal(model.workers.length, 1)
        assert.equal(model.look(), 0)
        assert.equal(model.status.reason, 'Ready')
        assert.deepEqual(
          model.workers.map(({ marked }) => marked),
          [false],
        )
        assert.deepEqual(model.draining, [])
      }),
      { numRuns: 150, endOnFailure: true },
    )
  })
})
