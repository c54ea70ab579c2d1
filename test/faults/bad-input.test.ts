// Bad input: a clear error with its place, the right exit code, and the tables as they were.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Answer, command, lay, manifest } from './command.ts'

const root = mkdtempSync(join(tmpdir(), 'loom-bad-input-'))
after(() => rmSync(root, { recursive: true, force: true }))

const RUN = ['run', '-f', 'p.yaml', '--threads', '1']

const step = (lines: string): string =>
  manifest(
    `        - name: load\n${lines.replace(/^(?=.)/gm, '          ')}          target: {table: {ref: raw.t, append: {}}}\n`,
  )
const into = (mode: string, csv = ''): string =>
  manifest(`        - name: load
          sources: {csv: {file: {path: in.csv, format: csv${csv}}}}
          target: {table: {ref: raw.t, ${mode}}}
`)
const FROM_CSV = 'sources: {csv: {file: {path: in.csv, format: csv}}}\n'
const append = into('append: {}')
const readsTable = (ref: string): string => step(`sources: {t: {table: {ref: ${ref}}}}\n`)

/** What is loaded before, so that there is something to lose. */
const GOOD = { 'in.csv': 'a,b\n1,2\n7,8\n' }

const rowsOf = async (folder: string): Promise<Answer> => await command(folder, 'show', 'raw.t', '--output', 'csv')

function assertTold({ out, err }: Answer, says: readonly RegExp[]): void {
  const all = `${out}${err}`
  for (const pattern of says) assert.match(all, pattern)
  assert.doesNotMatch(all, /^\s+at .*\(.*:\d+:\d+\)$/m, 'no stack')
  assert.doesNotMatch(all, /defect of loom/)
}

const WHILE_RUNNING: { why: string; good: string; bad?: string; files?: Record<string, string>; says: RegExp[] }[] = [
  {
    why: 'a missing file',
    good: append,
    bad: append.replace('in.csv', 'on.csv'),
    says: [
      /^p\.yaml:9:40: error FileNotFound: step "main\/load": .* there is no file "\/.*\/on\.csv"; relative paths/m,
    ],
  },
  {
    why: 'an empty file',
    good: append,
    files: { 'in.csv': '' },
    says: [
      /^p\.yaml:9:40: error EmptyFile: step "main\/load": cannot read file "\/.*\/in\.csv" .*: it is empty; write/m,
    ],
  },
  {
    why: 'a broken CSV line',
    good: append,
    files: { 'in.csv': 'a,b\n1,2\n3,4,5\n' },
    says: [
      /^p\.yaml:9:40: error BrokenCsvLine: .* line 3 of file ".*in\.csv": it has 3 columns, .* \(the line: 3,4,5\); /m,
    ],
  },
  {
    why: 'a value of another type than its column',
    good: append,
    bad: into('append: {}', ', csv: {types: {a: INTEGER}}'),
    files: { 'in.csv': 'a,b\n1,2\nx,4\n' },
    says: [/^p\.yaml:9:40: error BrokenCsvLine: .* line 3 of file ".*in\.csv": .*column "a".* "x" to 'INTEGER'/m],
  },
  {
    why: 'a column of another type than the table’s',
    good: append,
    files: { 'in.csv': 'a,b\n1,2\nx,4\n' },
    says: [/^p\.yaml:\d+:\d+: error \w+: step "main\/load": .*"?a"?.*\bx\b/m],
  },
  {
    why: 'keys that occur twice',
    good: into('upsert: {keys: [a]}'),
    files: { 'in.csv': 'a,b\n1,2\n1,3\n2,2\n' },
    says: [
      /^p\.yaml:10:49: error DuplicateKeys: .* occur more than once in the result: \{a: "1", times: 2\}; keep one/m,
    ],
  },
  {
    why: 'partitions without a value',
    good: into('replacePartitions: {by: [a]}'),
    files: { 'in.csv': 'a,b\n1,2\n,3\n2,2\n' },
    says: [
      /^p\.yaml:10:60: error NullPartitionValue: .* rows have no value in a: \{a: null, b: "3"\}; filter them out/m,
    ],
  },
  {
    why: 'an unknown column in SQL of several lines',
    good: append,
    bad: step(`${FROM_CSV}sql: |\n  SELECT\n    a,\n    bb + 1 AS x\n  FROM csv\n`),
    says: [
      /^p\.yaml:13:15: error UnknownColumn: step "main\/load": cannot find column "bb": no source has it; did you mean b\?$/m,
      /^ {2}13 \| {15}bb \+ 1 AS x\n {5}\| {15}\^$/m,
    ],
  },
  {
    why: 'SQL that is none, folded over lines',
    good: append,
    bad: step(`${FROM_CSV}sql: >-\n  SELECT a\n  FRM csv\n`),
    says: [/^p\.yaml:12:17: error SqlSyntax: step "main\/load": cannot parse the SQL: syntax error at or near "csv"/m],
  },
  {
    why: 'SQL that fails on a row',
    good: append,
    bad: step(`${FROM_CSV}sql: SELECT CAST('x' || a AS INTEGER) AS a, b FROM csv\n`),
    says: [/^p\.yaml:10:\d+: error \w+: step "main\/load": .*x1/m],
  },
  {
    why: 'code that throws',
    good: append,
    bad: step(`${FROM_CSV}code:\n  module: bad.ts\n`),
    files: {
      'bad.ts': 'export default function* () {\n  yield { a: 1, b: 2 }\n  throw new RangeError("no luck")\n}\n',
    },
    says: [/^p\.yaml:\d+:\d+: error CodeStepFailed: step "main\/load": .*no luck/m, /no luck \(bad\.ts:3\)/],
  },
  {
    why: 'code that stands in the manifest and throws',
    good: append,
    bad: step(`${FROM_CSV}code:\n  inline: |\n    export default () => {\n      throw new Error('no luck')\n    }\n`),
    says: [/^p\.yaml:13:\d+: error CodeStepFailed: step "main\/load": .*no luck/m],
  },
  {
    why: 'a folder that holds other things than a table',
    good: append,
    bad: readsTable('raw.other'),
    files: { '.loom/lake/raw/other/x.parquet': 'PAR1' },
    says: [/^p\.yaml:9:38: error NotATable: step "main\/load": cannot read table "raw\.other": .*other/m],
  },
  {
    why: 'a corrupt log',
    good: append,
    bad: readsTable('raw.broken'),
    files: { '.loom/lake/raw/broken/_delta_log/00000000000000000000.json': '{"metaData": \n' },
    says: [
      /^p\.yaml:9:38: error CorruptLog: .*_delta_log\/00000000000000000000\.json, line 1: it is not JSON; restore/m,
    ],
  },
]

for (const { why, good, bad = good, files = {}, says } of WHILE_RUNNING)
  test(`a run that meets ${why} fails with 1, says what and where, and changes no table`, async () => {
    const folder = lay(root, { 'p.yaml': good, ...GOOD })
    const before = await command(folder, ...RUN)
    assert.equal(before.code, 0, before.out)
    const rows = await rowsOf(folder)
    for (const [path, text] of Object.entries({ 'p.yaml': bad, ...files })) {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    const answer = await command(folder, ...RUN)
    assert.equal(answer.code, 1, answer.out + answer.err)
    assertTold(answer, says)
    assert.deepEqual(await rowsOf(folder), rows)
  })

const MONTH = manifest(
  `        - name: load
          sql: SELECT $(params.month) AS m
          target: {table: {ref: raw.t, append: {}}}
`,
  '  params: {month: {type: date}}\n',
)
const WITH_RUN = `${append}---
apiVersion: loom.etl/v1alpha1
kind: ETLRun
metadata: {name: today}
spec: {pipelineRef: {name: bad}}
`

const BEFORE: { why: string; yaml: string; args: string[]; says: RegExp[] }[] = [
  {
    why: 'a param that there is not',
    yaml: MONTH,
    args: [...RUN, '--param', 'month=2013-01-01', '--param', 'mnth=1'],
    says: [/^--param mnth=1: error UnknownParam: there is no param "mnth"; did you mean "month"\?/m],
  },
  {
    why: 'a param without value',
    yaml: MONTH,
    args: RUN,
    says: [
      /^p\.yaml:5:12: error MissingParam: param "month" \(date\) has no value\n.*\n.*\n {2}hint: .*--param month=/m,
    ],
  },
  {
    why: 'a param of another type',
    yaml: MONTH,
    args: [...RUN, '--param', 'month=January'],
    says: [/^--param month=January: error InvalidParamValue: .*month.*January/m],
  },
  {
    why: 'a placeholder for no param',
    yaml: MONTH.replace('$(params.month)', '$(params.mont)'),
    args: [...RUN, '--param', 'month=2013-01-01'],
    says: [/^p\.yaml:10:23: error UnknownParamField: there is no param "mont"; did you mean "month"\?/m],
  },
  {
    why: 'an include of no step',
    yaml: append,
    args: [...RUN, '--include', 'laod'],
    says: [/error InvalidStage: the pipeline has no step or process "laod" \(did you mean "load"\?\)/],
  },
  {
    why: 'a run that there is not',
    yaml: WITH_RUN,
    args: ['run', 'todya', '-f', 'p.yaml'],
    says: [/^cannot run "todya": the files hold no ETLRun of that name; did you mean "today"\?/],
  },
  { why: 'no command', yaml: append, args: ['rnu'], says: [/^cannot run command "rnu": .*; did you mean "run"\?/] },
  {
    why: 'an option that there is not',
    yaml: append,
    args: ['run', '--fiel', 'p.yaml'],
    says: [/^cannot use option "--fiel": .*; did you mean "--file"\?/],
  },
  {
    why: 'a field that there is not',
    yaml: append.replace('format:', 'fromat:'),
    args: RUN,
    says: [
      /^p\.yaml:9:48: error UnknownField: "file" has no field "fromat"\n.*\n.*\n {2}hint: did you mean "format"\?$/m,
    ],
  },
  {
    why: 'a manifest that is not there',
    yaml: append,
    args: ['run', '-f', 'q.yaml'],
    says: [/^cannot read "q\.yaml": there is no such file or folder; did you mean "p\.yaml"\?/],
  },
  { why: 'an empty manifest', yaml: '', args: RUN, says: [/^p\.yaml:1:1: error EmptyFile: /m] },
  {
    why: 'YAML that is none',
    yaml: append.replace('kind: ETLPipeline', 'kind: [ETLPipeline'),
    args: RUN,
    says: [/^p\.yaml:\d+:\d+: error YamlSyntax: /m],
  },
  {
    why: 'a table that is not there',
    yaml: readsTable('raw.none'),
    args: RUN,
    says: [/^p\.yaml:9:38: error UnknownSourceTable: table "raw\.none" does not exist$/m],
  },
  {
    why: 'a column that there is not, when it is only checked',
    yaml: step(`${FROM_CSV}sql: |\n  SELECT\n    a, bb\n  FROM csv\n`),
    args: ['check', '-f', 'p.yaml'],
    says: [/^p\.yaml:12:18: error UnknownColumn: step "main\/load": cannot find column "bb": /m],
  },
  {
    why: 'a folder that holds no table, when it is only checked',
    yaml: readsTable('raw.other'),
    args: ['check', '-f', 'p.yaml'],
    says: [/^p\.yaml:9:38: error NotATable: step "main\/load": cannot read table "raw\.other": /m],
  },
]

for (const { why, yaml, args, says } of BEFORE)
  test(`${why} is found before anything runs: exit 2, and a word about it on standard error`, async () => {
    const folder = lay(root, { 'p.yaml': yaml, '.loom/lake/raw/other/x.parquet': 'PAR1', ...GOOD })
    const answer = await command(folder, ...args)
    assert.equal(answer.code, 2, answer.out + answer.err)
    assert.equal(answer.out, '')
    assertTold(answer, says)
    assert.deepEqual(readdirSync(join(folder, '.loom/lake/raw')), ['other'])
  })

test('a run id that was used with another plan is refused, and the first run’s tables stay', async () => {
  const folder = lay(root, { 'p.yaml': MONTH })
  const run = (month: string) => command(folder, ...RUN, '--run-id', 'r-1', '--param', `month=${month}`)
  assert.equal((await run('2013-01-01')).code, 0)
  const rows = await rowsOf(folder)
  const { code, err } = await run('2013-02-01')
  assert.equal(code, 2, err)
  assert.match(
    err,
    /^cannot run with run id "r-1": it was used with another plan \(sha256:\w+, now sha256:\w+\); use another/,
  )
  assert.deepEqual(await rowsOf(folder), rows)
})

test('a table that several runs change at the same time has the rows of all of them, once', async () => {
  const upsert = manifest(
    `        - name: load
          sql: SELECT $(params.n) * 10 + range % 20 AS a, $(params.n) AS b FROM range(20)
          target: {table: {ref: raw.t, upsert: {keys: [a]}}}
`,
    '  params: {n: {type: integer}}\n',
  )
  const folder = lay(root, { 'p.yaml': upsert })
  const ends = await Promise.all([1, 2, 3, 4, 5].map((n) => command(folder, ...RUN, '--param', `n=${n}`)))
  for (const { code, out } of ends) assert.equal(code, 0, out)
  const { out } = await command(folder, 'show', 'raw.t', '--columns', 'a', '--output', 'csv', '--limit', '1000')
  const keys = out.trim().split('\n').slice(1).map(Number)
  assert.deepEqual(
    keys.sort((a, b) => a - b),
    Array.from({ length: 60 }, (_, i) => 10 + i),
  )
})

const wide = (rows: string): string =>
  manifest(`        - name: load
          sql: SELECT range AS a, hash(range)::VARCHAR || hash(range + 1) AS b FROM range(${rows})
          target: {table: {ref: raw.t, append: {}}}
`)

test('a full disk is named with the step, and the table is as it was', { skip: mountReason() }, async () => {
  const folder = lay(root, {})
  execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=3m', 'loom-test', folder])
  try {
    writeFileSync(join(folder, 'p.yaml'), wide('1000'))
    assert.equal((await command(folder, ...RUN)).code, 0)
    const rows = await rowsOf(folder)
    const files = readdirSync(join(folder, '.loom/lake/raw/t'))
    writeFileSync(join(folder, 'p.yaml'), wide('600000'))
    const answer = await command(folder, ...RUN)
    assert.equal(answer.code, 1, answer.out)
    assertTold(answer, [/^p\.yaml:\d+:\d+: error DiskFull: step "main\/load": .*; /m])
    assert.deepEqual(await rowsOf(folder), rows)
    assert.deepEqual(readdirSync(join(folder, '.loom/lake/raw/t')), files, 'no half-written file is left')
    writeFileSync(join(folder, 'p.yaml'), wide('10'))
    assert.equal((await command(folder, ...RUN)).code, 0, 'a smaller one fits')
  } finally {
    execFileSync('/bin/umount', ['-l', folder])
  }
})

/** Only root may mount, and not in every container. */
function mountReason(): string | false {
  const at = mkdtempSync(join(tmpdir(), 'loom-mount-'))
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'loom-test', at], { stdio: 'ignore' })
    execFileSync('/bin/umount', ['-l', at])
    return false
  } catch {
    return 'a small file system can not be mounted here'
  } finally {
    rmSync(at, { recursive: true, force: true })
  }
}
