import assert from 'node:assert/strict'
import { readFileSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { Fault } from '../../src/base/index.ts'
import { createDuckDbEngine, type DuckDbEngine } from '../../src/engine/index.ts'
import type { BodyPlan, SourcePlan } from '../../src/plan/index.ts'
import { type Fixture, inline, rows, step, stepFixture } from './step-fixture.ts'

let engine: DuckDbEngine
let fixture: Fixture
before(() => {
  engine = createDuckDbEngine({ memoryLimit: '256MB', threads: 2 })
})
after(() => engine.close())
beforeEach(() => {
  fixture = stepFixture()
})
afterEach(() => fixture.remove())

const legs: SourcePlan = rows('legs', [
  { tail: 'N1', delay: 5 },
  { tail: 'N1', delay: 7 },
  { tail: 'N2', delay: 1 },
])

async function run(body: BodyPlan, context = fixture.context()): Promise<unknown[]> {
  await engine.runStep(step({ sources: [legs], body }), context)
  const text = readFileSync(join(fixture.root, 'out.json'), 'utf8').trimEnd()
  return text.split('\n').map((line) => JSON.parse(line) as unknown)
}

async function faultOf(body: BodyPlan, context = fixture.context()): Promise<Fault> {
  const thrown = await run(body, context).then(
    () => assert.fail('nothing was thrown'),
    (error: unknown) => error,
  )
  assert.ok(thrown instanceof Fault, String(thrown))
  return thrown
}

const module = (path: string, text: string, exported = 'default'): BodyPlan => {
  fixture.file(path, text)
  return { kind: 'code', module: path, export: exported }
}

test('code may return a query over the sources', async () => {
  const body = inline(
    "export default () => 'SELECT tail, sum(delay)::INTEGER AS total FROM legs GROUP BY tail ORDER BY tail;'",
  )
  assert.deepEqual(await run(body), [
    { tail: 'N1', total: 12 },
    { tail: 'N2', total: 1 },
  ])
})

test('code may return a relation: a source, or the result of a query', async () => {
  assert.equal((await run(inline('export default ({ sources }) => sources.legs'))).length, 3)
  const body = inline("export default ({ query }) => query('SELECT count(*)::INTEGER AS n FROM legs -- all')")
  assert.deepEqual(await run(body), [{ n: 3 }])
})

test('code may return rows: a list, an iterable, an async iterable', async () => {
  assert.deepEqual(await run(inline('export default () => [{ a: 1 }, { a: null }]')), [{ a: 1 }, { a: null }])
  assert.deepEqual(await run(inline('export default function* () { yield { a: 1 } }')), [{ a: 1 }])
  const carried = `export default async function* ({ sources }: { sources: Record<string, any> }) {
    let total = 0n
    for await (const { tail, delay } of sources.legs.rows()) yield { tail, total: (total += delay) }
  }`
  assert.deepEqual(await run(inline(carried)), [
    { tail: 'N1', total: 5 },
    { tail: 'N1', total: 12 },
    { tail: 'N2', total: 13 },
  ])
})

test('code may say the types of its columns', async () => {
  const body = inline(`export default () => ({
    rows: [{ day: '2013-01-31', price: 1.005, note: 'x' }],
    columns: [{ name: 'day', type: 'DATE' }, { name: 'price', type: 'DECIMAL(10,3)' }],
  })`)
  assert.deepEqual(await run(body), [{ day: '2013-01-31', price: 1.005, note: 'x' }])
})

test('a DATE of a source goes back as a DATE', async () => {
  const body = inline(`export default async ({ query }) => (await query("SELECT DATE '2013-01-31' AS day")).rows()`)
  assert.deepEqual(await run(body), [{ day: '2013-01-31' }])
})

test('code sees params as JavaScript values, and the columns of its sources', async () => {
  const params = {
    month: { type: 'date', value: '2013-01-01' },
    at: { type: 'timestamp', value: '2013-01-01T05:00:00.000000Z' },
    n: { type: 'integer', value: '7' },
    big: { type: 'integer', value: '9007199254740993' },
    list: { type: 'list', items: 'string', value: [{ type: 'string', value: 'a' }] },
  } as const
  const text = `export default ({ params, sources }) => [{
    month: params.month, at: params.at.toISOString(), n: params.n + 1, big: typeof params.big, list: params.list[0],
    columns: sources.legs.columns.map((c) => c.name + ' ' + c.type).join(', '),
  }]`
  assert.deepEqual(
    await run(
      inline(text),
      fixture.context({ params: { ...params, list: { ...params.list, value: [...params.list.value] } } }),
    ),
    [
      {
        month: '2013-01-01',
        at: '2013-01-01T05:00:00.000Z',
        n: 8,
        big: 'bigint',
        list: 'a',
        columns: 'tail VARCHAR, delay BIGINT',
      },
    ],
  )
})

test('code logs through the step', async () => {
  await run(inline("export default ({ log }) => { log.info('hello', { n: 1 }); return [{ a: 1 }] }"))
  assert.deepEqual(fixture.logged, [{ message: 'hello', fields: { n: 1 } }])
})

test('many rows pass through code in bounded memory', async () => {
  const body = inline('export default function* () { for (let n = 0; n < 300000; n++) yield { n, text: "row " + n } }')
  const written = await engine.runStep(
    step({ body, target: { kind: 'temp', name: 't', scope: 'run', append: false } }),
    fixture.context(),
  )
  assert.equal(written.rows, 300_000)
})

test('a module below the manifest’s folder gives its export; a changed one is read again', async () => {
  const body = module('steps/legs.ts', 'export const legs = (): object[] => [{ a: 1 }]', 'legs')
  assert.deepEqual(await run(body), [{ a: 1 }])
  const path = fixture.file('steps/legs.ts', 'export const legs = (): object[] => [{ a: 2 }]')
  utimesSync(path, 1, 1)
  assert.deepEqual(await run(body), [{ a: 2 }])
})

const broken: { why: string; body: () => BodyPlan; code: string; message: RegExp; field: string | undefined }[] = [
  {
    why: 'a path upwards',
    body: () => ({ kind: 'code', module: '../x.ts', export: 'default' }),
    code: 'CodeOutsideRoot',
    message: /lies outside of the manifest's folder/,
    field: 'code.module',
  },
  {
    why: 'an absolute path',
    body: () => ({ kind: 'code', module: '/tmp/x.ts', export: 'default' }),
    code: 'CodeOutsideRoot',
    message: /outside/,
    field: 'code.module',
  },
  {
    why: 'no such module',
    body: () => ({ kind: 'code', module: 'x.ts', export: 'default' }),
    code: 'CodeModuleMissing',
    message: /"x.ts": there is no such file/,
    field: 'code.module',
  },
  {
    why: 'no such export',
    body: () => module('x.ts', 'export const legs = () => []', 'leg'),
    code: 'CodeExportMissing',
    message: /no export "leg" \(it exports legs\); did you mean "legs"\?/,
    field: 'code.export',
  },
  {
    why: 'an export that is no function',
    body: () => module('x.ts', 'export default 1'),
    code: 'CodeExportMissing',
    message: /is no function/,
    field: 'code.export',
  },
  {
    why: 'a syntax error',
    body: () => inline('export default ('),
    code: 'CodeNotLoaded',
    message: /cannot load inline code of step one/,
    field: 'code.inline',
  },
  {
    why: 'an error while loading',
    body: () => module('x.ts', "throw new Error('at the door')"),
    code: 'CodeNotLoaded',
    message: /at the door/,
    field: 'code.module',
  },
  {
    why: 'nothing returned',
    body: () => inline('export default () => {}'),
    code: 'CodeReturnedNothing',
    message: /it returned nothing; return a query's text, a relation, or rows/,
    field: undefined,
  },
  {
    why: 'a number returned',
    body: () => inline('export default () => 7'),
    code: 'CodeReturnedNothing',
    message: /it returned a number/,
    field: undefined,
  },
  {
    why: 'no rows at all',
    body: () => inline('export default () => []'),
    code: 'NoColumns',
    message: /declare the columns/,
    field: undefined,
  },
  {
    why: 'rows that clash',
    body: () => inline("export default () => [{ a: 1 }, { a: 'x' }]"),
    code: 'RowTypeClash',
    message: /column "a" in row 2/,
    field: undefined,
  },
  {
    why: 'a query that is no SELECT',
    body: () => inline('export default () => "DROP VIEW legs"'),
    code: 'NotASelect',
    message: /one SELECT/,
    field: undefined,
  },
  {
    why: 'a query that reads files',
    body: () => inline(`export default ({ query }) => query("FROM read_text('/etc/passwd')")`),
    code: 'OutsideStep',
    message: /declare a file source/,
    field: undefined,
  },
  {
    why: 'a misspelt column',
    body: () => inline("export default () => 'SELECT dely FROM legs'"),
    code: 'UnknownColumn',
    message: /"dely".*did you mean delay/,
    field: undefined,
  },
]

for (const { why, body, code, message, field } of broken)
  test(`code that can't be used has a clear error: ${why}`, async () => {
    const fault = await faultOf(body())
    assert.equal(fault.code, code)
    assert.ok(fault.kind === 'invalid' || fault.kind === 'denied')
    assert.match(fault.message, message)
    assert.equal(fault.at?.field, field)
  })

test('what inline code throws is told with its place in the manifest’s text', async () => {
  const text =
    "type Leg = { delay: number }\nexport default async () => {\n  const n: number = 1\n  throw new RangeError('boom')\n}\n"
  const fault = await faultOf(inline(text))
  assert.deepEqual([fault.kind, fault.code], ['invalid', 'CodeStepFailed'])
  assert.equal(fault.message, 'cannot run the code of step "one": boom (inline code of step one:4)')
  assert.deepEqual(fault.at, { field: 'code.inline', offset: text.indexOf('new RangeError') })
  assert.ok(fault.cause instanceof RangeError)
})

test('what a module throws is told with file and line, from within rows too', async () => {
  const text =
    "const half = (n: number) => {\n  if (n > 1) throw new Error('too many')\n  return n\n}\nexport default function* () {\n  yield { a: half(1) }\n  yield { a: half(2) }\n}\n"
  const fault = await faultOf(module('deep/rows.ts', text))
  assert.equal(fault.message, 'cannot run the code of step "one": too many (deep/rows.ts:2)')
  assert.equal(fault.code, 'CodeStepFailed')
})

test('an error that is no Error is told as well', async () => {
  assert.match((await faultOf(inline("export default () => { throw 'just text' }"))).message, /it threw just text/)
})

test('a symbolic link does not lead out of the manifest’s folder', async () => {
  const outside = stepFixture()
  try {
    symlinkSync(outside.file('x.ts', 'export default () => []'), join(fixture.root, 'x.ts'))
    assert.equal((await faultOf({ kind: 'code', module: 'x.ts', export: 'default' })).code, 'CodeOutsideRoot')
  } finally {
    outside.remove()
  }
})

test('cancelling ends a step whose code takes no notice', async () => {
  const abort = new AbortController()
  const context = fixture.context({
    signal: abort.signal,
    log: { info: () => void setTimeout(() => abort.abort(), 20), warn: () => undefined },
  })
  const fault = await faultOf(
    inline("export default ({ log }) => { log.info('in'); return new Promise(() => {}) }"),
    context,
  )
  assert.deepEqual([fault.kind, fault.code], ['transient', 'Interrupted'])
})

test('cancelling ends a step whose rows never come', async () => {
  const abort = new AbortController()
  const context = fixture.context({
    signal: abort.signal,
    log: { info: () => void setTimeout(() => abort.abort(), 20), warn: () => undefined },
  })
  const text =
    "export default async function* ({ log }) { yield { a: 1 }; log.info('in'); await new Promise(() => {}) }"
  assert.equal((await faultOf(inline(text), context)).code, 'Interrupted')
})

test('queries that code did not wait for end with the step', async () => {
  const long = 'SELECT count(*) FROM range(1000000000) a, range(100000) b WHERE a.range % 7 = b.range % 5'
  const text = `export default async ({ query, log }) => {
    query(${JSON.stringify(long)}).then(async (relation) => {
      for await (const row of relation.rows()) log.info('never', row)
    }).catch((error) => log.info(error.code))
    await new Promise((resolve) => setTimeout(resolve, 50))
    return [{ a: 1 }]
  }`
  assert.deepEqual(await run(inline(text)), [{ a: 1 }])
  const deadline = Date.now() + 5000
  while (fixture.logged.length === 0 && Date.now() < deadline) await new Promise(setImmediate)
  assert.deepEqual(
    fixture.logged.map(({ message }) => message),
    ['Interrupted'],
  )
})

test('no warning of Node’s about taking types away reaches the user', async () => {
  const warnings: string[] = []
  const listen = (warning: Error) => void warnings.push(warning.message)
  process.on('warning', listen)
  await run(inline('export default (): object[] => [{ a: 1 }]'))
  await new Promise(setImmediate)
  process.off('warning', listen)
  assert.deepEqual(warnings, [])
})
