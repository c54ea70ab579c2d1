// Random plans with scripted steps: what must hold whatever fails, whenever, and however many run at a time.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { LifecycleEvent } from '../../src/observability/index.ts'
import { declaredSteps, filterPlan, type RunReport, type StepState, stepsOf } from '../../src/plan/index.ts'
import { type RunPlanInput, runPlan } from '../../src/runner/index.ts'
import {
  type Case,
  cases,
  keyOf,
  type Played,
  planOfNames,
  recordedTemps,
  recorder,
  runInput,
  scriptedEngine,
} from './scripted.ts'

const workRoot = mkdtempSync(join(tmpdir(), 'loom-run-plan-'))
after(() => rmSync(workRoot, { recursive: true, force: true }))

const mostlySucceeds = fc.constantFrom('succeed', 'succeed', 'succeed', 'succeed', 'fail' as const)
const anyEnd = fc.constantFrom('succeed', 'succeed', 'succeed', 'succeed', 'succeed', 'fail', 'abort' as const)
const parallel = fc.integer({ min: 1, max: 4 })

interface Result {
  report: RunReport
  played: Played
  events: LifecycleEvent[]
  cleaned: string[]
  warnings: string[]
}

async function play({ plan, scripts }: Case, changes: Partial<RunPlanInput> = {}): Promise<Result> {
  const stop = new AbortController()
  const played = scriptedEngine(scripts, () => stop.abort())
  const [events, cleaned, warnings]: [LifecycleEvent[], string[], string[]] = [[], [], []]
  const given = { plan, engine: played.engine, workRoot, observers: [recorder(events)], signal: stop.signal }
  const input = runInput({ ...given, temps: recordedTemps(cleaned), ...changes }, warnings)
  return { report: await runPlan(input), played, events, cleaned, warnings }
}

/** What must become of each step when nobody aborts: the rules EXE-1 and EXE-2, said as a program without time. */
function expectedStates({ plan, scripts }: Case): Map<string, StepState> {
  const states = new Map<string, StepState>(declaredSteps(plan).map((id) => [`${id.process}/${id.step}`, 'Skipped']))
  const runStages = <T>(stages: T[][], runOne: (member: T) => boolean): boolean =>
    stages.every((members) => members.map(runOne).every(Boolean))
  runStages(plan.stages, (process) =>
    runStages(process.stages, (step) => {
      const succeeds = scripts.get(keyOf(step))?.end === 'succeed'
      states.set(keyOf(step), succeeds ? 'Succeeded' : 'Failed')
      return succeeds
    }),
  )
  return states
}

test('a failure stops what comes after its stage, and nothing that runs beside it (EXE-1, EXE-2)', async () => {
  await fc.assert(
    fc.asyncProperty(cases(mostlySucceeds), parallel, async (one, most) => {
      const { report } = await play(one, { parallel: most })
      const states = new Map(report.steps.map(({ process, step, state }) => [`${process}/${step}`, state]))
      assert.deepEqual(states, expectedStates(one))
      const failed = report.steps.find(({ state }) => state === 'Failed')
      assert.equal(report.state, failed === undefined ? 'Succeeded' : 'Failed')
      assert.equal(report.error?.step, failed?.step, 'the first failure in declared order is the run’s (EXE-5)')
    }),
  )
})

test('a step starts when all earlier stages have ended, and no more steps run at a time than allowed', async () => {
  await fc.assert(
    fc.asyncProperty(cases(anyEnd), parallel, async (one, most) => {
      const { played } = await play(one, { parallel: most })
      assert.ok(played.most <= most)
      const ended = new Set<string>()
      for (const line of played.happened) {
        const [what, key = ''] = line.split(' ')
        if (what === 'end') ended.add(key)
        else for (const earlier of earlierThan(key, one)) assert.ok(ended.has(earlier), `${key} before ${earlier}`)
      }
    }),
  )
})

function earlierThan(key: string, { plan }: Case): string[] {
  const stage = plan.stages.findIndex((members) => members.some((process) => stepsOfProcess(process).includes(key)))
  const process = plan.stages[stage]!.find((member) => stepsOfProcess(member).includes(key))!
  const own = process.stages.findIndex((members) => members.some((step) => keyOf(step) === key))
  const before = process.stages.slice(0, own).flat().map(keyOf)
  return [...plan.stages.slice(0, stage).flat().flatMap(stepsOfProcess), ...before]
}

const stepsOfProcess = (process: Case['plan']['stages'][number][number]): string[] => process.stages.flat().map(keyOf)

test('every start has one end or error, inside of its parent, with the ids and the attempt of the run (EVT-1…5)', async () => {
  await fc.assert(
    fc.asyncProperty(cases(anyEnd), parallel, fc.integer({ min: 1, max: 9 }), async (one, most, attempt) => {
      const run = { runId: 'run-7', correlationId: 'c-1', attempt, lastAttempt: false }
      const { events, report } = await play(one, { parallel: most, run })
      const open = new Map<string, LifecycleEvent>()
      const seen = new Set<string>()
      for (const event of events) {
        assert.deepEqual([event.runId, event.correlationId, event.attempt], ['run-7', 'c-1', attempt])
        if (event.kind === 'start') {
          assert.ok(!seen.has(event.id), 'ids are not used twice')
          seen.add(event.id)
          const parent = event.parentId === null ? undefined : open.get(event.parentId)
          assert.equal(parent?.scope, { pipeline: undefined, process: 'pipeline', step: 'process' }[event.scope])
          open.set(event.id, event)
        } else {
          assert.equal(open.get(event.id)?.name, event.name)
          open.delete(event.id)
          assert.ok(![...open.values()].some(({ parentId }) => parentId === event.id), 'children end first')
          assert.equal(event.kind === 'error', event.error !== undefined)
        }
      }
      assert.equal(open.size, 0)
      const last = events.at(-1)
      assert.deepEqual([events[0]?.scope, last?.scope], ['pipeline', 'pipeline'])
      assert.equal(last?.status, { Succeeded: 'success', Failed: 'failure', Cancelled: 'cancelled' }[report.state])
    }),
  )
})

test('after an abort nothing starts, what runs is cancelled, and nothing is lost from the report', async () => {
  await fc.assert(
    fc.asyncProperty(cases(anyEnd), parallel, async (one, most) => {
      const { report, played } = await play(one, { parallel: most })
      const abortedBy = played.happened.findIndex((line) => {
        const [what, key = ''] = line.split(' ')
        return what === 'end' && one.scripts.get(key)?.end === 'abort'
      })
      fc.pre(abortedBy >= 0)
      assert.ok(!played.happened.slice(abortedBy).some((line) => line.startsWith('start ')))
      assert.equal(report.state, 'Cancelled')
      assert.ok(report.steps.some(({ state }) => state === 'Cancelled'))
      assert.equal(report.steps.length, one.scripts.size)
    }),
  )
})

test('steps that wait for their turn when the run is aborted are skipped, and nobody hears of them', async () => {
  const scripts: Case['scripts'] = new Map([['p0/a', { turns: 1, end: 'abort' }]])
  const { report, events } = await play({ plan: planOfNames([['a', 'b', 'c']]), scripts }, { parallel: 1 })
  assert.deepEqual(
    report.steps.map(({ state }) => state),
    ['Cancelled', 'Skipped', 'Skipped'],
  )
  assert.deepEqual(
    events.filter(({ scope, kind }) => scope === 'step' && kind === 'start').map(({ name }) => name),
    ['a'],
  )
})

test('temps are cleaned up by the outcome: a cancellation counts as a failure (TMP §7.5)', async () => {
  const ids = fc.constantFrom(null, 'c-1')
  await fc.assert(
    fc.asyncProperty(cases(anyEnd), ids, fc.boolean(), async (one, correlationId, lastAttempt) => {
      const run = { runId: 'run-1', correlationId, attempt: 1, lastAttempt }
      const { report, cleaned, warnings } = await play(one, { run })
      const ends = correlationId !== null && lastAttempt
      const succeeded = report.state === 'Succeeded'
      assert.deepEqual(cleaned, ['run', ...(ends && succeeded ? ['correlation'] : [])])
      assert.equal(warnings.length, ends && !succeeded ? 1 : 0)
      for (const warning of warnings) assert.match(warning, /loom cleanup c-1/)
    }),
  )
})

test('skipped steps are reported in their declared places', async () => {
  await fc.assert(
    fc.asyncProperty(cases(fc.constant('succeed')), fc.infiniteStream(fc.boolean()), async (one, choose) => {
      const names = stepsOf(one.plan).map(({ name }) => name)
      const once = filterPlan(
        one.plan,
        names.filter(() => choose.next().value),
      )
      const twice = filterPlan(
        once,
        names.filter(() => choose.next().value),
      )
      for (const plan of [once, twice]) {
        const { report } = await play({ ...one, plan })
        assert.deepEqual(
          report.steps.map(({ step }) => step),
          names,
        )
        const run = stepsOf(plan).map(({ name }) => name)
        for (const { step, state } of report.steps)
          assert.equal(state, run.includes(step) ? 'Succeeded' : 'Skipped', step)
      }
    }),
  )
})

test('a dispatcher that calls tasks twice, one by one or backwards changes nothing', async () => {
  const dispatchers: RunPlanInput['dispatcher'][] = [
    { runAll: async (tasks) => void (await Promise.all(tasks.flatMap((task) => [task(), task()]))) },
    { runAll: async (tasks) => void (await Promise.all(tasks.toReversed().map((task) => task()))) },
    {
      async runAll(tasks) {
        for (const task of tasks) await task()
      },
    },
    { runAll: async (tasks) => void tasks.map((task) => task()) },
  ]
  await fc.assert(
    fc.asyncProperty(cases(mostlySucceeds), fc.constantFrom(...dispatchers), async (one, dispatcher) => {
      const { report, played } = await play(one, dispatcher === undefined ? {} : { dispatcher })
      const states = new Map(report.steps.map(({ process, step, state }) => [`${process}/${step}`, state]))
      assert.deepEqual(states, expectedStates(one))
      assert.equal(new Set(played.happened).size, played.happened.length)
    }),
  )
})

test('a dispatcher that throws, or forgets a task, fails the run after what it started has ended', async () => {
  const plan = planOfNames(['a', ['b', 'c'], 'd'])
  const forgetful = { runAll: async (tasks: (() => Promise<void>)[]) => await tasks[0]?.() }
  const broken = {
    async runAll(tasks: (() => Promise<void>)[]) {
      void tasks[0]?.()
      throw new Error('no threads left')
    },
  }
  for (const [dispatcher, why] of [
    [forgetful, /did not start 1 of them/],
    [broken, /no threads left/],
  ] as const) {
    const { report, played, events } = await play(
      { plan, scripts: new Map([['p0/b', { turns: 3, end: 'succeed' }]]) },
      { dispatcher },
    )
    assert.deepEqual(
      report.steps.map(({ state }) => state),
      ['Succeeded', 'Succeeded', 'Skipped', 'Skipped'],
    )
    assert.equal(report.state, 'Failed')
    assert.deepEqual([report.error?.code, report.error?.step], ['DispatcherFailed', 'c'])
    assert.match(report.error?.message ?? '', why)
    assert.equal(played.happened.at(-1), 'end p0/b')
    assert.equal(events.at(-1)?.error?.code, 'DispatcherFailed')
  }
})

test('an observer that throws or rejects is logged, and the others still hear of everything (OBS-3)', async () => {
  const heard: LifecycleEvent[] = []
  const observers = [
    {
      onEvent() {
        throw new Error('broken observer')
      },
    },
    {
      async onEvent() {
        throw new Error('broken later')
      },
    },
    recorder(heard),
  ]
  const { report, warnings } = await play({ plan: planOfNames(['a']), scripts: new Map() }, { observers })
  assert.equal(report.state, 'Succeeded')
  assert.deepEqual(
    heard.map(({ scope, kind }) => `${scope} ${kind}`),
    ['pipeline start', 'process start', 'step start', 'step end', 'process end', 'pipeline end'],
  )
  assert.equal(warnings.length, 12)
})

test('a cleaner that fails is a warning and does not replace the outcome (RUN-15)', async () => {
  const temps = recordedTemps([])
  const fail = async () => {
    throw new Error('read-only')
  }
  const run = { runId: 'run-1', correlationId: 'c-1', attempt: 1, lastAttempt: true }
  const changes = { run, temps: { ...temps, cleanRun: fail, cleanCorrelation: fail } }
  const { report, warnings } = await play({ plan: planOfNames(['a']), scripts: new Map() }, changes)
  assert.equal(report.state, 'Succeeded')
  assert.equal(warnings.length, 2)
})

test('whoever watches is told of each step that runs, its progress, and what it threw', async () => {
  const told: string[] = []
  const watcher: RunPlanInput['watcher'] = {
    stepStarted: ({ step }) => void told.push(`start ${step}`),
    stepProgressed: ({ step }, { phase }) => void told.push(`${phase} ${step}`),
    stepEnded: ({ step, state }, fault) => void told.push(`${state} ${step} ${fault?.code ?? ''}`.trim()),
  }
  const scripts: Case['scripts'] = new Map([
    ['p0/a', { turns: 1, end: 'succeed' }],
    ['p0/b', { turns: 0, end: 'fail' }],
  ])
  await play({ plan: planOfNames(['a', 'b', 'c']), scripts }, { watcher })
  assert.deepEqual(told, ['start a', 'read a', 'Succeeded a', 'start b', 'Failed b Scripted'])
})
