// Ctrl-C and SIGTERM: the engine is interrupted, tables are whole, and the run id goes on where it was.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loom, start } from '../cli/loom.ts'

const root = mkdtempSync(join(tmpdir(), 'loom-interrupt-'))
after(() => rmSync(root, { recursive: true, force: true }))

const PIPELINE = `apiVersion: loom.etl/v1alpha1
kind: ETLPipeline
metadata: {name: long}
spec:
  processes:
    - name: main
      steps:
        - name: first
          sources: {rows: {rows: {values: [{id: 1}, {id: 2}]}}}
          target: {table: {ref: raw.first, append: {}}}
        - name: endless
          sources: {n: {file: {path: n.csv, format: csv}}}
          sql: SELECT sum(hash(r.range) % 7) AS s FROM n, range(n.n) r, range(n.n) q
          target: {table: {ref: raw.endless, append: {}}}
        - name: written
          sources: {n: {file: {path: n.csv, format: csv}}}
          sql: SELECT r.range AS id FROM n, range(n.n) r
          target: {table: {ref: raw.written, append: {}}}
        - name: report
          sources: {first: {table: {ref: raw.first}}}
          target: {file: {path: out/report.csv, format: csv}}
`

const ENDLESS = 100_000_000

function laid(): { folder: string; setRows: (n: number) => void } {
  const folder = mkdtempSync(join(root, 'run-'))
  writeFileSync(join(folder, 'pipeline.yaml'), PIPELINE)
  const setRows = (n: number) => writeFileSync(join(folder, 'n.csv'), `n\n${n}\n`)
  return { folder, setRows }
}

const ARGS = ['run', '-f', 'pipeline.yaml', '--run-id', 'r-1']
const filesIn = (path: string): string[] => (existsSync(path) ? readdirSync(path) : [])
const logOf = (folder: string, table: string): string[] => filesIn(join(folder, '.loom/lake/raw', table, '_delta_log'))

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`${signal} during a long query ends the run with 130; run again, it goes on where it was`, async () => {
    const { folder, setRows } = laid()
    setRows(ENDLESS)
    const running = start(ARGS, { cwd: folder })
    await running.says(/main\/first succeeded/)
    running.child.kill(signal)
    const { code, stderr, stdout } = await running.ended
    assert.equal(code, 130, stderr)
    assert.match(stderr, /main\/endless cancelled/)
    assert.match(stderr + stdout, /--run-id r-1/, 'it says how to go on')
    assert.doesNotMatch(stderr, /^\s+at /m, 'no stack')
    assert.deepEqual(logOf(folder, 'first'), ['00000000000000000000.json'])
    assert.deepEqual(logOf(folder, 'endless'), [])
    assert.equal(existsSync(join(folder, 'out')), false)
    for (const name of ['runs', 'work', 'locks']) assert.deepEqual(filesIn(join(folder, '.loom/temp', name)), [], name)

    setRows(10)
    const again = await loom(ARGS, { cwd: folder })
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stderr, /main\/first succeeded .*done by this run before/)
    for (const table of ['first', 'endless', 'written'])
      assert.deepEqual(logOf(folder, table), ['00000000000000000000.json'], table)
    assert.deepEqual(readdirSync(join(folder, 'out')), ['report.csv'])
  })

const busy = (code: string) => `apiVersion: loom.etl/v1alpha1
kind: ETLPipeline
metadata: {name: busy}
spec:
  processes:
    - name: main
      steps:
        - name: first
          sources: {rows: {rows: {values: [{id: 1}]}}}
          target: {table: {ref: raw.first, append: {}}}
        - name: busy
          code:
            inline: |
              export default ${code}
          target: {table: {ref: raw.busy, append: {}}}
`

const LOOPS = {
  'after an await': `async () => { await null; await new Promise((r) => setTimeout(r, 5)); console.error('it loops'); for (;;); }`,
  'while its rows are taken': `function* () { yield { id: 1 }; console.error('it loops'); for (;;); }`,
}

for (const [when, code] of Object.entries(LOOPS))
  test(`Ctrl-C ends code that loops without end ${when}, and nothing is half-written`, async () => {
    const folder = mkdtempSync(join(root, 'busy-'))
    writeFileSync(join(folder, 'pipeline.yaml'), busy(code))
    const running = start(ARGS, { cwd: folder })
    await running.says(/it loops/)
    // what is pressed before loom has noticed is lost: so it is pressed until it is heard
    const pressing = setInterval(() => running.child.kill('SIGINT'), 50)
    const { code: exit, signal, stderr } = await running.ended.finally(() => clearInterval(pressing))
    assert.ok(exit === 130 || signal === 'SIGINT', `${exit} ${signal} ${stderr}`)
    assert.deepEqual(logOf(folder, 'first'), ['00000000000000000000.json'])
    assert.deepEqual(logOf(folder, 'busy'), [])
    writeFileSync(join(folder, 'pipeline.yaml'), busy('() => [{ id: 2 }]'))
    const again = await loom(['run', '-f', 'pipeline.yaml'], { cwd: folder })
    assert.equal(again.code, 0, again.stderr)
  })

test('code that was busy for a while and is free again is stopped in order by Ctrl-C', async () => {
  const folder = mkdtempSync(join(root, 'busy-'))
  const code = `async ({ signal }) => { const end = Date.now() + 1500; while (Date.now() < end); await new Promise((r) => setTimeout(r, 300)); console.error('it waits'); await new Promise((r) => signal.addEventListener('abort', r)); return []; }`
  writeFileSync(join(folder, 'pipeline.yaml'), busy(code))
  const running = start(ARGS, { cwd: folder })
  await running.says(/it waits/)
  running.child.kill('SIGINT')
  const { code: exit, stderr } = await running.ended
  assert.equal(exit, 130, stderr)
  assert.match(stderr, /main\/busy cancelled/)
})
