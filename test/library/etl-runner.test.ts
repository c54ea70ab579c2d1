// ETLRunner with the real engine: what a program can rely on.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  CompilationError,
  type ETLRunnerParts,
  Fault,
  InvalidStageError,
  type LifecycleEvent,
  type PipelineDocument,
  parallel,
  pipeline,
  process as processOf,
  RunCancelledError,
  type RunOptions,
  StepFailedError,
  step,
} from '../../src/index.ts'
import { fails, flow, lake, makes, three } from './lake.ts'

const place = lake()
after(() => place.remove())

test('a pipeline of the builder runs, with params as a program has them', async () => {
  const document = pipeline(
    'typed',
    { params: { day: { type: 'date' }, at: { type: 'timestamp' }, big: { type: 'integer' } } },
    ({ day, at, big }) => [
      processOf('main', [
        step('one', {
          sources: { rows: three },
          sql: `SELECT id, ${day} AS day, CAST(${big} AS VARCHAR) AS big, strftime(${at}, '%H:%M') AS at FROM rows WHERE id = 1`,
          target: { table: { ref: 'raw.typed', replace: {} } },
        }),
      ]),
    ],
  )
  const at = new Date('2013-01-31T12:30:00Z')
  const report = await place.runner().run(document, { day: at, at, big: 2n ** 60n })
  assert.deepEqual([report.state, report.steps[0]?.write?.rows], ['Succeeded', 1])
  const [row] = await place.rows('raw.typed')
  assert.deepEqual(row, { id: 1, day: '2013-01-31', big: '1152921504606846976', at: '12:30' })
})

test('after success: events end, temps are removed, observers flushed, temps removed once more (RUN-10)', async () => {
  const heard = await order(flow(makes('fine')), { correlationId: 'c-1' })
  assert.deepEqual(heard.order, [
    'start pipeline',
    'start process',
    'start step',
    'end step',
    'end process',
    'end pipeline',
    'clean runs',
    'clean correlations',
    'flush',
    'clean runs',
  ])
})

test('after a failure: errors from the inside out, a warning, flush, and the step’s own error (RUN-11, EVT-5)', async () => {
  const heard = await order(flow(fails('broken'), makes('later')), { correlationId: 'c-1' })
  assert.deepEqual(heard.order, [
    'start pipeline',
    'start process',
    'start step',
    'error step',
    'error process',
    'error pipeline',
    'clean runs',
    'warn',
    'flush',
    'clean runs',
  ])
  const { thrown } = heard
  assert.ok(thrown instanceof StepFailedError)
  assert.ok(thrown.cause instanceof Fault)
  assert.deepEqual([thrown.code, thrown.kind, thrown.cause.code], [thrown.cause.code, 'missing', thrown.code])
  assert.deepEqual(
    thrown.report.steps.map(({ state }) => state),
    ['Failed', 'Skipped'],
  )
  assert.match(thrown.message, /^step "main\/broken" failed: .*nowhere\.csv/)
})

test('what does not compile is told before anything happens (RUN-12)', async () => {
  const unknown = { include: ['nothing', 'fine'] }
  for (const [document, options, kind] of [
    [flow(step('bare', {})), {}, CompilationError],
    [{ kind: 'ETLPipeline' } as PipelineDocument, {}, CompilationError],
    [flow(makes('fine')), unknown, InvalidStageError],
    [flow(makes('fine')), { include: [] }, InvalidStageError],
    [flow(makes('fine')), { include: 'fine' } as never, InvalidStageError],
    [flow(makes('fine')), { runId: '../x' }, Fault],
    [flow(makes('fine')), { correlationId: 'a/b' }, Fault],
    [flow(makes('fine')), { attempt: 0 }, Fault],
    [flow(makes('fine')), { attempt: 1.5 }, Fault],
  ] as const) {
    const heard = await order(document, options)
    assert.deepEqual(heard.order, [], JSON.stringify(options))
    assert.ok(heard.thrown instanceof kind, String(heard.thrown))
  }
  const { thrown } = await order(flow(makes('fine')), unknown)
  assert.match(String(thrown), /no step or process "nothing"; there are "main", "fine"/)
  assert.ok(thrown instanceof InvalidStageError)
  assert.deepEqual(
    thrown.problems.map(({ code }) => code),
    ['InvalidStage'],
  )
})

async function order(document: PipelineDocument, options: RunOptions): Promise<{ order: string[]; thrown: unknown }> {
  const heard: string[] = []
  const parts: ETLRunnerParts = {
    observability: [
      {
        onEvent: ({ kind, scope }) => void heard.push(`${kind} ${scope}`),
        flush: async () => void heard.push('flush'),
      },
    ],
    cleaner: { deleteTree: async (path) => void heard.push(`clean ${path.split('/').at(-2)}`) },
    log: { info: () => undefined, warn: () => void heard.push('warn') },
  }
  const thrown: unknown = await place
    .runner(parts)
    .run(document, {}, options)
    .then(() => undefined)
    .catch((error: unknown) => error)
  return { order: heard, thrown }
}

test('a missing module and a missing table are found before anything runs (RUN-8 without its flaw)', async () => {
  const document = flow(
    makes('before'),
    step('code', { code: { module: 'steps/nowhere.ts' }, target: { table: { ref: 'raw.code', append: {} } } }),
    step('reads', { sources: { it: { table: { ref: 'raw.nowhere' } } }, target: { table: { ref: 'raw.reads' } } }),
    step('reads-own', { sources: { it: { table: { ref: 'raw.before' } } }, target: { table: { ref: 'raw.own' } } }),
  )
  const heard = await order(document, {})
  assert.ok(heard.thrown instanceof CompilationError)
  const errors = heard.thrown.problems.filter(({ severity }) => severity === 'error')
  assert.deepEqual(errors.map(({ code }) => code).sort(), ['MissingCodeModule', 'UnknownSourceTable'])
  assert.deepEqual(heard.order, [])
})

test('a failed attempt leaves what the next one needs, and success removes it (TMP-11, FLT-8)', async () => {
  const own = lake()
  const warnings: string[] = []
  const runner = own.runner({ log: { info: () => undefined, warn: (message) => void warnings.push(message) } })
  const document = flow(
    step('produce', { sources: { rows: three }, target: { temp: { name: 'kept', scope: 'correlation' } } }),
    step('consume', {
      sources: { kept: { temp: { name: 'kept' } }, csv: { file: { path: 'late.csv', format: 'csv' } } },
      sql: 'SELECT kept.id, csv.name FROM kept JOIN csv USING (id)',
      target: { table: { ref: 'raw.joined', append: {} } },
    }),
  )
  const kept = join(own.folder, '.loom/temp/correlations/c-1')
  const first = { correlationId: 'c-1', attempt: 1, lastAttempt: false }
  await assert.rejects(runner.run(document, {}, first), StepFailedError)
  assert.ok(existsSync(kept))
  assert.deepEqual(warnings, [])
  await assert.rejects(runner.run(document, {}, { correlationId: 'c-1', attempt: 2 }), StepFailedError)
  assert.match(warnings.join(), /loom cleanup c-1/)
  own.file('late.csv', 'id,name\n2,two\n')
  const report = await runner.run(document, {}, { correlationId: 'c-1', include: ['consume'], attempt: 3 })
  assert.deepEqual(
    report.steps.map(({ state }) => state),
    ['Skipped', 'Succeeded'],
  )
  assert.deepEqual(await own.rows('raw.joined'), [{ id: 2, name: 'two' }])
  assert.ok(!existsSync(kept))
  own.remove()
})

test('temps of a correlation id can be removed by hand (RUN-18)', async () => {
  const own = lake()
  const keep = step('keep', { sources: { rows: three }, target: { temp: { name: 'kept', scope: 'correlation' } } })
  await own.runner().run(flow(keep), {}, { correlationId: 'c-1', lastAttempt: false })
  const folder = join(own.folder, '.loom/temp/correlations')
  assert.deepEqual(readdirSync(folder), ['c-1'])
  await own.runner().cleanupCorrelation('c-1')
  await own.runner().cleanupCorrelation('c-1')
  assert.deepEqual(readdirSync(folder), [])
  await assert.rejects(own.runner().cleanupCorrelation('..'), { code: 'InvalidId' })
  own.remove()
})

test('a run id that is used again writes nothing twice, and is refused for another plan', async () => {
  const document = flow(makes('once'))
  const runner = place.runner()
  await runner.run(document, {}, { runId: 'r-once' })
  const again = await runner.run(document, {}, { runId: 'r-once', attempt: 2 })
  assert.equal(again.steps[0]?.write?.alreadyCommitted, true)
  assert.equal((await place.rows('raw.once')).length, 3)
  await assert.rejects(runner.run(flow(makes('other')), {}, { runId: 'r-once' }), { code: 'RunIdReused' })
  await runner.run(document)
  assert.equal((await place.rows('raw.once')).length, 6)
})

test('an aborted run is cancelled: what runs is interrupted, nothing more is started, nothing is half-written', async () => {
  const stop = new AbortController()
  const endless = step('endless', {
    sql: 'SELECT count(*) AS n FROM range(1000000000000) a(x), range(1000000) b(y) WHERE (x * y) % 7 = 3',
    target: { table: { ref: 'raw.endless', append: {} } },
  })
  const abort = {
    onEvent: ({ scope, kind }: LifecycleEvent) => void (scope === 'step' && kind === 'start' && stop.abort()),
  }
  const runner = place.runner({ observability: [abort] })
  const running = runner.run(flow(endless, makes('never')), {}, { signal: stop.signal })
  const thrown: unknown = await running.catch((error: unknown) => error)
  assert.ok(thrown instanceof RunCancelledError)
  assert.deepEqual(
    thrown.report.steps.map(({ state }) => state),
    ['Cancelled', 'Skipped'],
  )
  assert.ok(!existsSync(join(place.folder, '.loom/lake/raw/endless')))
})

test('a reader and a writer take over what they want, and leave the rest', async () => {
  const taken: unknown[] = []
  const runner = place.runner({
    reader: {
      async read(source, { step }) {
        return source.kind === 'table'
          ? [
              { id: 7, by: step },
              { id: 8n, by: null },
            ]
          : undefined
      },
    },
    writer: {
      async write(frame, target, info) {
        if (target.kind !== 'table' || target.ref !== 'out.side') return undefined
        for await (const row of frame.rows()) taken.push({ ...row, run: info.runId })
        return { rows: taken.length }
      },
    },
  })
  const document = flow(
    step('aside', { sources: { it: { table: { ref: 'no.where' } } }, target: { table: { ref: 'out.side' } } }),
    step('stays', { sources: { rows: three }, target: { table: { ref: 'raw.stays' } } }),
  )
  const report = await runner.run(document, {}, { runId: 'r-parts' })
  assert.deepEqual(
    report.steps.map(({ write }) => write?.rows),
    [2, 3],
  )
  assert.deepEqual(taken, [
    { id: 7n, by: 'aside', run: 'r-parts' },
    { id: 8n, by: null, run: 'r-parts' },
  ])
  assert.equal((await place.rows('raw.stays')).length, 3)
})

test('a dispatcher starts the members of groups, and of groups only (EXE-4)', async () => {
  const groups: number[] = []
  const dispatcher = {
    async runAll(tasks: (() => Promise<void>)[]) {
      groups.push(tasks.length)
      await Promise.all(tasks.map((task) => task()))
    },
  }
  const document = pipeline('grouped', {}, [
    processOf('alone', [makes('g1'), parallel(makes('g2'), makes('g3'), makes('g4'))]),
    parallel(processOf('left', [makes('g5')]), processOf('right', [makes('g6')])),
  ])
  const report = await place.runner({ dispatcher }).run(document, {}, { parallel: 2 })
  assert.deepEqual(groups, [3, 2])
  assert.ok(report.steps.every(({ state }) => state === 'Succeeded'))
})

test('of several failures in a group, the first in declared order is thrown, and all are reported (EXE-5)', async () => {
  const document = flow(parallel(makes('g7'), fails('g8'), fails('g9')), makes('g10'))
  const thrown: unknown = await place
    .runner()
    .run(document)
    .catch((error: unknown) => error)
  assert.ok(thrown instanceof StepFailedError)
  assert.equal(thrown.report.error?.step, 'g8')
  assert.deepEqual(
    thrown.report.steps.map(({ state }) => state),
    ['Succeeded', 'Failed', 'Failed', 'Skipped'],
  )
})

test('a checkpoint store keeps temps in a place of its own', async () => {
  const calls: string[] = []
  const path = join(place.folder, 'elsewhere.parquet')
  const checkpointStore: NonNullable<ETLRunnerParts['checkpointStore']> = {
    open: ({ runId }) => ({
      folders: [place.folder],
      async begin({ name }) {
        calls.push(`begin ${name} ${runId}`)
        return { path, publish: async (rows) => void calls.push(`publish ${rows}`) }
      },
      async resolve(name) {
        calls.push(`resolve ${name}`)
        return [path]
      },
      cleanRun: async () => void calls.push('clean run'),
      cleanCorrelation: async () => void calls.push('clean correlation'),
    }),
    cleanupCorrelation: async (id) => void calls.push(`cleanup ${id}`),
  }
  const runner = place.runner({ checkpointStore })
  const document = flow(
    step('put', { sources: { rows: three }, target: { temp: { name: 'mine' } } }),
    step('get', { sources: { it: { temp: { name: 'mine' } } }, target: { table: { ref: 'raw.get' } } }),
  )
  await runner.run(document, {}, { runId: 'r-store', correlationId: 'c-9' })
  await runner.cleanupCorrelation('c-9')
  assert.deepEqual(calls, [
    'begin mine r-store',
    'publish 3',
    'resolve mine',
    'clean run',
    'clean correlation',
    'clean run',
    'cleanup c-9',
  ])
  assert.equal((await place.rows('raw.get')).length, 3)
})

test('flush reaches every observer, then tells what went wrong first (RUN-17 without its flaw)', async () => {
  const flushed: string[] = []
  const fail = (name: string) => ({
    onEvent: () => undefined,
    flush: async () => {
      flushed.push(name)
      throw new Error(`${name} is gone`)
    },
  })
  const fine = { onEvent: () => undefined, flush: async () => void flushed.push('fine') }
  const runner = place.runner({ observability: [fail('first'), { onEvent: () => undefined }, fail('second'), fine] })
  await assert.rejects(runner.flush(), /first is gone/)
  assert.deepEqual(flushed, ['first', 'second', 'fine'])
  assert.equal((await runner.run(flow(makes('flushed')))).state, 'Succeeded')
})

test('importing the library loads no engine', () => {
  const script = `
    import { readFileSync } from 'node:fs'
    const { ETLRunner } = await import(${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)})
    new ETLRunner()
    process.exitCode = readFileSync('/proc/self/maps', 'utf8').includes('duckdb') ? 1 : 0`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})
