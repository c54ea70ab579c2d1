// The tables of docs/gitops.md name every state that there is, as the operator's decisions name it. What tools read of each is
// asked of the tools in cluster/gitops-states.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FINAL_PHASES, PHASES } from '../../src/manifest/index.ts'
import { RULES } from '../../src/reconcile/index.ts'
import { POOL_RULES } from '../../src/reconcile/pool/decide-pool.ts'
import { aboutState, STATES, type State } from './states.ts'
import { documentedRows } from './table.ts'

const of = (kind: State['kind']) => STATES.filter((state) => state.kind === kind)

for (const kind of ['ETLRun', 'ETLWorkerPool'] as const)
  test(`the states of an ${kind} that the page lists are those that there are`, () => {
    const states = of(kind).map(aboutState)
    const width = states[0]?.length
    assert.deepEqual(
      documentedRows(kind).map((cells) => cells.slice(0, width)),
      states,
    )
  })

test('the states of a run have every phase in them', () => {
  const phases = of('ETLRun').map(({ status }) =>
    status !== undefined && 'phase' in status ? status.phase : undefined,
  )
  assert.deepEqual([...new Set(phases.filter((phase) => phase !== undefined))].sort(), [...PHASES].sort())
  assert.ok(FINAL_PHASES.every((phase) => phases.includes(phase)))
})

test('there are about as many states as rules that make them', () => {
  assert.ok(of('ETLRun').length >= 2 * RULES.length, 'a rule without a state?')
  assert.ok(of('ETLWorkerPool').length >= POOL_RULES.length, 'a rule without a state?')
})
