// loom show, history and cleanup: what they print for people and for programs, and what they say when there is nothing.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { command, lay, manifest } from '../faults/command.ts'

const root = mkdtempSync(join(tmpdir(), 'loom-tables-'))
after(() => rmSync(root, { recursive: true, force: true }))

const THINGS = manifest(
  `        - name: load
          sql: |
            SELECT range + 10 * $(params.day) AS id, 'a,"b' AS note, CAST(NULL AS VARCHAR) AS none, '' AS empty,
              CAST('12345678901234567890' AS DECIMAL(38, 0)) AS big, DATE '2013-01-01' AS d, [1, 2] AS l,
              CAST('abc' AS BLOB) AS bytes
            FROM range(2)
          target: {table: {ref: raw.things, append: {}}}
        - name: keep
          sources: {things: {table: {ref: raw.things}}}
          target: {temp: {name: kept, scope: correlation}}
        - name: last
          sources: {kept: {temp: {name: kept}}}
          sql: SELECT CASE WHEN $(params.fails) THEN error('no luck') ELSE id END AS id FROM kept
          target: {table: {ref: raw.last, append: {}}}
`,
  '  params: {day: {type: integer}, fails: {type: boolean, default: false}}\n',
)

let folder = ''
const run = (day: number, ...more: string[]) =>
  command(folder, 'run', '-f', 'p.yaml', '--param', `day=${day}`, '--correlation-id', `c-${day}`, ...more)
const show = (...args: string[]) => command(folder, 'show', 'raw.things', ...args)

before(async () => {
  folder = lay(root, { 'p.yaml': THINGS })
  assert.equal((await run(1, '--run-id', 'r-1')).code, 0)
  assert.equal((await run(2, '--run-id', 'r-2')).code, 0)
})

test('show prints rows for people, and how many there are on standard error', async () => {
  const { code, out, err } = await show('--columns', 'id,note,d,l')
  assert.equal(code, 0, err)
  assert.deepEqual(
    out.split('\n'),
    [
      'id  note  d           l     ',
      '──  ────  ──────────  ──────',
      '10  a,"b  2013-01-01  [1, 2]',
      '11  a,"b  2013-01-01  [1, 2]',
      '20  a,"b  2013-01-01  [1, 2]',
      '21  a,"b  2013-01-01  [1, 2]',
      '',
    ].map((line) => line.trimEnd()),
  )
  assert.equal(err, '4 rows\n')
})

test('show prints JSON and CSV for programs, and nothing else', async () => {
  const json = await show('--output', 'json', '--limit', '1')
  assert.equal(json.err, '')
  assert.deepEqual(JSON.parse(json.out), [
    {
      ...{ id: 10, note: 'a,"b', none: null, empty: '', big: '12345678901234567890', d: '2013-01-01', l: [1, 2] },
      bytes: Buffer.from('abc').toString('base64'),
    },
  ])
  const csv = await show('--output', 'csv', '--limit', '1', '--columns', 'id,note,none,empty')
  assert.deepEqual([csv.out, csv.err], ['id,note,none,empty\n10,"a,""b",,""\n', ''])
})

test('show reads an earlier version, the rows of a predicate, and the columns', async () => {
  assert.equal((await show('--version', '0', '--columns', 'id', '--output', 'csv')).out, 'id\n10\n11\n')
  assert.equal((await show('--where', 'id > 20', '--columns', 'id', '--output', 'csv')).out, 'id\n21\n')
  const { out } = await show('--schema', '--output', 'csv')
  assert.match(out, /^column,type\nid,BIGINT\nnote,VARCHAR\n/)
})

for (const [args, says] of [
  [['show', 'raw.thing'], /^cannot show table "raw\.thing": there is none at ".*"; did you mean "raw\.things"\?/],
  [['show', 'things'], /^cannot show "things": it is no table name/],
  [['show'], /missing|cannot/],
  [['show', 'raw.things', '--version', '7'], /there is no such version; versions 0 to 1 can be read/],
  [['show', 'raw.things', '--version', '-1'], /--version/],
  [['show', 'raw.things', '--timestamp', 'yesterday'], /"yesterday" is no instant; write it like/],
  [['show', 'raw.things', '--timestamp', '2001-01-01T00:00:00Z'], /there is no such version; the first is version 0/],
  [['show', 'raw.things', '--where', 'idd > 1'], /no column "idd"; did you mean "id"\?/],
  [['show', 'raw.things', '--columns', 'idd'], /column "idd".*did you mean "id"\?/],
  [['history', 'raw.thing'], /"raw\.thing".*did you mean "raw\.things"\?/],
  [['cleanup'], /no id is given; name a correlation id, or --run-id ID/],
  [['cleanup', '../raw'], /cannot use correlation id "\.\.\/raw": it becomes a folder's name/],
] as const)
  test(`loom ${args.join(' ')} is refused with 2 in one line`, async () => {
    const { code, out, err } = await command(folder, ...args)
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, says)
    assert.equal(err.trimEnd().split('\n').length, 1, err)
  })

test('history shows each commit with the step and the run that made it, the newest first', async () => {
  const { code, out } = await command(folder, 'history', 'raw.things')
  assert.equal(code, 0)
  const [, , second = '', first = ''] = out.split('\n')
  assert.match(second, /^ +1 {2}\S+Z {2}WRITE +2 {2}main\/load {2}r-2 /)
  assert.match(first, /^ +0 {2}\S+Z {2}CREATE TABLE AS SELECT +2 {2}main\/load {2}r-1 /)
  const json = await command(folder, 'history', 'raw.things', '--output', 'json', '--limit', '1')
  const [entry, ...others] = JSON.parse(json.out) as { version: number; run: { runId: string } }[]
  assert.deepEqual([entry?.version, entry?.run.runId, others.length], [1, 'r-2', 0])
})

test('temps of a correlation id are removed by success, kept by failure, used by the next run, and removed by cleanup', async () => {
  const kept = (id: string) => existsSync(join(folder, '.loom/temp/correlations', id))
  assert.equal(kept('c-2'), false)
  const failed = await run(3, '--param', 'fails=true')
  assert.equal(failed.code, 1)
  assert.match(failed.err, /temps of correlation id "c-3" are kept for another run; remove them with: loom cleanup c-3/)
  assert.equal(kept('c-3'), true)
  const resumed = await run(3, '--include', 'last', '--output', 'json')
  assert.equal(resumed.code, 0, resumed.out)
  const { steps } = JSON.parse(resumed.out) as { steps: { step: string; state: string; write?: { rows: number } }[] }
  assert.deepEqual(
    steps.map(({ step, state, write }) => [step, state, write?.rows]),
    [
      ['load', 'Skipped', undefined],
      ['keep', 'Skipped', undefined],
      ['last', 'Succeeded', 6],
    ],
  )
  assert.equal(kept('c-3'), false)
  assert.equal((await run(4, '--param', 'fails=true')).code, 1)
  assert.match((await command(folder, 'cleanup', 'c-4')).out, /^removed temps of correlation id "c-4"/)
  assert.equal(kept('c-4'), false)
  assert.match((await command(folder, 'cleanup', 'c-4')).out, /^there are no temps of correlation id "c-4"/)
})
