// loom check, plan and compile: what is found before anything runs.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesBelow, folder, loom, ORDERS, pipelineOf, runOf } from './loom.ts'

const TOTALS = `- name: totals
  sources: {orders: {table: {ref: shop.orders}}}
  sql: |
    SELECT note,
      count(idd) AS orders
    FROM orders GROUP BY note
  target: {table: {ref: shop.totals, upsert: {keys: [nota]}}}
`

test('check finds a misspelt column in what an earlier step has yet to write, and writes nothing', async (t) => {
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(ORDERS + TOTALS) })
  const { code, stdout, stderr } = await loom(['check', '-f', 'shop.yaml'], { cwd })
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(
    stderr,
    /^shop\.yaml:15:21: error UnknownColumn: step "load\/totals": cannot find column "idd".*\n {2}15 \| {15}count\(idd\) AS orders\n {5}\| {21}\^\n {2}hint: did you mean id\?\n1 error\n$/,
  )
  await writeFile(join(cwd, 'shop.yaml'), pipelineOf(ORDERS + TOTALS.replace('idd', 'id')))
  const keys = await loom(['check', '-f', 'shop.yaml'], { cwd })
  assert.match(
    keys.stderr,
    /error UnknownColumn: .*the step's result has no column "nota"\n.*\n.*\n {2}hint: did you mean "note"\?/,
  )
  await writeFile(join(cwd, 'shop.yaml'), pipelineOf(ORDERS + TOTALS.replace('idd', 'id').replace('nota', 'note')))
  const good = await loom(['check', '-f', 'shop.yaml'], { cwd })
  assert.deepEqual([good.code, good.stdout, good.stderr], [0, 'checked 2 steps: no errors\n', ''])
  assert.deepEqual(await filesBelow(cwd), ['shop.yaml'])
})

test('check says which steps it could not check, and why', async (t) => {
  const code = "- name: made\n  code: {inline: 'export default () => [{id: 1}]'}\n  target: {table: {ref: shop.made}}\n"
  const copy = '- name: copy\n  sources: {made: {table: {ref: shop.made}}}\n  target: {table: {ref: shop.copy}}\n'
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(code + copy) })
  const { code: exit, stdout, stderr } = await loom(['check', '-f', 'shop.yaml'], { cwd })
  assert.deepEqual([exit, stdout], [0, 'checked 2 steps: no errors\n'])
  assert.match(
    stderr,
    /^not checked: step "load\/made": what its code returns .*\nnot checked: step "load\/copy": the columns of table "shop\.made" .*\n$/,
  )
})

test('a table that nobody writes and a module that is not there are found before anything runs', async (t) => {
  const steps = `${ORDERS}- name: copy
  sources: {orders: {table: {ref: shop.ordres}}}
  target: {table: {ref: shop.copy}}
- name: made
  code: {module: made.ts}
  target: {table: {ref: shop.made}}
`
  const cwd = await folder(t, { 'manifests/shop.yaml': pipelineOf(steps) })
  for (const command of ['check', 'run']) {
    const { code, stderr } = await loom([command, '-f', 'manifests/shop.yaml'], { cwd })
    assert.equal(code, 2)
    assert.match(stderr, /^manifests\/shop\.yaml:15:26: error MissingCodeModule: there is no module "made\.ts"/m)
  }
  await writeFile(join(cwd, 'manifests/made.ts'), 'export default () => [{ id: 1 }]\n')
  const { code, stderr } = await loom(['run', '-f', 'manifests/shop.yaml'], { cwd })
  assert.equal(code, 2)
  assert.match(stderr, /error UnknownSourceTable: table "shop\.ordres" does not exist; did you mean "shop\.orders"\?/)
  assert.deepEqual(await filesBelow(join(cwd, '.loom')), [])
})

test('a run may read what a run before it writes', async (t) => {
  const copy = '- name: copy\n  sources: {orders: {table: {ref: shop.orders}}}\n  target: {table: {ref: shop.copy}}\n'
  const runs = [runOf('one', '{pipelineRef: {name: first}}'), runOf('two', '{pipelineRef: {name: second}}')]
  const pipelines = [pipelineOf(ORDERS, { name: 'first' }), pipelineOf(copy, { name: 'second' })]
  const cwd = await folder(t, { 'all.yaml': [...runs, ...pipelines].join('---\n') })
  const checked = await loom(['check', '-f', 'all.yaml'], { cwd })
  assert.deepEqual([checked.code, checked.stdout], [0, 'checked 2 steps: no errors\n'], checked.stderr)
  const { code, stderr } = await loom(['run', '-f', 'all.yaml'], { cwd })
  assert.equal(code, 0, stderr)
})

test('plan and compile print the plan that run follows', async (t) => {
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(ORDERS) })
  const args = ['-f', 'shop.yaml', '--output', 'json']
  const [planned, compiled, ran] = [
    await loom(['plan', ...args], { cwd }),
    await loom(['compile', 'shop.yaml', '--output', 'json'], { cwd }),
    await loom(['run', ...args], { cwd }),
  ].map(({ stdout }) => JSON.parse(stdout) as { plan?: { hash: string }; hash?: string; planHash?: string })
  const hash = planned?.plan?.hash ?? ''
  assert.match(hash, /^sha256:/)
  assert.deepEqual([compiled?.hash, ran?.planHash], [hash, hash])
})

test('plan tells which tables are there', async (t) => {
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(ORDERS) })
  const before = await loom(['plan', '-f', 'shop.yaml'], { cwd })
  assert.match(before.stdout, /\ntables:\n {2}shop\.orders: not there yet\n$/)
  assert.equal((await loom(['run', '-f', 'shop.yaml'], { cwd })).code, 0)
  assert.match((await loom(['plan', '-f', 'shop.yaml'], { cwd })).stdout, /\ntables:\n {2}shop\.orders: exists\n$/)
  const json = await loom(['plan', '-f', 'shop.yaml', '--output', 'json'], { cwd })
  assert.deepEqual((JSON.parse(json.stdout) as { tables: unknown }).tables, { 'shop.orders': 'exists' })
})

test('a module that waits for ever is told so', async (t) => {
  const cwd = await folder(t, {
    'value.ts': 'export default new Promise(() => {})\n',
    'module.ts': 'await new Promise(() => {})\nexport default {}\n',
  })
  for (const file of ['value.ts', 'module.ts']) {
    const { code, stderr } = await loom(['compile', file], { cwd })
    assert.deepEqual(
      [code, stderr],
      [2, `cannot load "${file}": it waits for something that never comes; correct its await\n`],
    )
  }
})

test('modules: the package is found wherever they lie, and what is wrong with them is one line', async (t) => {
  const good = `import { pipeline, process, step } from 'loom-operator'
export default [pipeline('shop', {}, [process('load', [step('orders', {
  sources: { rows: { rows: { values: [{ id: 1 }] } } }, target: { table: { ref: 'shop.orders' } } })])])]
`
  const cwd = await folder(t, {
    'good.ts': good,
    'throws.ts': "const soon = 1\n\nthrow new Error('not today')\n",
    'nothing.js': 'export const pipeline = {}\n',
    'wrong.mjs': "export default { apiVersion: 'loom.etl/v1alpha1', kind: 'ETLPipline' }\n",
  })
  assert.equal((await loom(['run', '-f', 'good.ts'], { cwd })).code, 0)
  for (const [file, message] of [
    ['throws.ts', /^cannot load "throws\.ts": Error: not today \(line 3\); correct the module\n$/],
    ['nothing.js', /^cannot load "nothing\.js": it has no default export; write: export default pipeline\(…\)\n$/],
    ['wrong.mjs', /^wrong\.mjs:1:1: error UnknownKind: .*\n {2}hint: did you mean "ETLPipeline"\?\n1 error\n$/],
    ['god.ts', /^cannot read "god\.ts": there is no such file or folder; did you mean "good\.ts"\?\n$/],
  ] as const) {
    const { code, stdout, stderr } = await loom(['compile', file], { cwd })
    assert.deepEqual([code, stdout], [2, ''], file)
    assert.match(stderr, message)
  }
})

test('files that are no manifests are refused by what they are', async (t) => {
  const cwd = await folder(t, { 'empty.yaml': '', 'none/readme.txt': 'hello' })
  await writeFile(join(cwd, 'latin.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe4, 0x0a]))
  for (const [file, message] of [
    ['empty.yaml', /^empty\.yaml:1:1: error EmptyFile: the file holds no document/],
    ['none', /^cannot read "none": the folder holds no file ending in \.yaml, \.yml, \.json; name a file\n$/],
    ['latin.yaml', /^cannot read "latin\.yaml": it is no UTF-8 text; save it as UTF-8\n$/],
  ] as const) {
    const { code, stderr } = await loom(['run', '-f', file], { cwd })
    assert.equal(code, 2)
    assert.match(stderr, message)
  }
})
