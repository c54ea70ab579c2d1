// docs/migrating.md: its Python is Python, and where the Python library is at hand (BENCH_PYTHON, see `make bench`) it writes the
// same tables as ours; every write mode and schema mode, and every method of ETLRunner, has its row.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { it } from 'node:test'
import { ETLRunner } from '../../src/index.ts'
import { Checkout } from './checkout.ts'
import { blocksOf, textOf } from './pages.ts'

const PAGE = 'docs/migrating.md'
const PYTHON = process.env['BENCH_PYTHON'] ?? 'python3'
const hasPython = spawnSync(PYTHON, ['--version']).status === 0
const hasLibrary = process.env['BENCH_PYTHON'] !== undefined

function writeFiles(folder: Checkout): void {
  for (const { mark, text } of blocksOf(PAGE)) if (mark.kind === 'file') folder.write(mark.name, text)
}

it('its Python compiles', { skip: hasPython ? false : 'there is no python3' }, () => {
  using folder = new Checkout({ empty: true })
  writeFiles(folder)
  const programs = blocksOf(PAGE).filter(({ language }) => language === 'python')
  assert.ok(programs.length > 0)
  for (const { mark } of programs)
    if (mark.kind === 'file') execFileSync(PYTHON, ['-m', 'py_compile', mark.name], { cwd: folder.folder })
})

it('both write the same rows', { skip: hasLibrary ? false : 'needs loom-kernel: BENCH_PYTHON' }, async () => {
  using folder = new Checkout({ empty: true })
  writeFiles(folder)
  const loom = `${process.execPath} ${new URL('../../src/cli/main.ts', import.meta.url).pathname}`
  const run = async (command: string) => {
    const { status, stdout, stderr } = await folder.run(command)
    assert.equal(status, 0, stderr)
    return stdout
  }
  await run(`cd migrate && ${PYTHON} orders.py`)
  await run(`${loom} run -f migrate/shop.yaml --storage migrate/storage.yaml --param month=2026-01-01`)
  folder.write(
    'theirs.yaml',
    blocksOf(PAGE)
      .find(({ text }) => text.includes('migrate/tables'))
      ?.text.replace('migrate/tables', 'migrate/lake') ?? '',
  )
  for (const table of ['shop.orders', 'shop.revenue']) {
    const rowsIn = async (storage: string) =>
      (await run(`${loom} show ${table} --storage ${storage} --output csv`)).split('\n').sort()
    assert.deepEqual(await rowsIn('theirs.yaml'), await rowsIn('migrate/storage.yaml'), table)
  }
})

it('knows every way to make and use an ETLRunner', () => {
  const text = textOf(PAGE)
  const own = (object: object) =>
    Object.getOwnPropertyNames(object).filter((name) => !['length', 'name', 'prototype', 'constructor'].includes(name))
  for (const name of own(ETLRunner)) assert.ok(text.includes(`ETLRunner.${name}(`), name)
  for (const name of own(ETLRunner.prototype)) assert.ok(text.includes(`runner.${name}(`), name)
})
