// Temps in a folder: what was published last by each writer is what readers get, whatever was tried before.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import type { TempTarget } from '../../src/plan/index.ts'
import { cleanupCorrelation, cleanupRun, FolderTemps } from '../../src/runner/index.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'loom-temps-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const target = (changes: Partial<TempTarget> = {}): TempTarget => ({
  kind: 'temp',
  name: 'result',
  scope: 'run',
  append: false,
  ...changes,
})
const writer = (step: string, attempt = 1) => ({ process: 'main', step, attempt })
const tempsOf = (runId: string, correlationId: string | null = null, at = root) =>
  new FolderTemps({ root: at, runId, correlationId })

async function write(temps: FolderTemps, to: TempTarget, { by, text }: { by: string; text: string }): Promise<void> {
  const part = await temps.begin(to, writer(by))
  writeFileSync(part.path, text)
  await part.publish(1)
}

const read = async (temps: FolderTemps, name = 'result'): Promise<string[]> =>
  (await temps.resolve(name)).map((path) => readFileSync(path, 'utf8')).sort()

test('a retry replaces its own part, so that nothing is doubled (TMP-7)', async () => {
  const operation = fc.record({
    by: fc.constantFrom('a', 'b', 'c'),
    publish: fc.boolean(),
    again: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 12 }), fc.boolean(), async (operations, append) => {
      const folder = mkdtempSync(join(root, 'case-'))
      const expected = new Map<string, string>()
      let attempt = 1
      for (const [i, { by, publish, again }] of operations.entries()) {
        if (again) attempt += 1
        const temps = tempsOf('r', 'c', folder)
        const part = await temps.begin(target({ append, scope: 'correlation' }), writer(by, attempt))
        writeFileSync(part.path, `${by}${i}`)
        if (!publish) continue
        await part.publish(1)
        expected.set(append ? by : 'whole', `${by}${i}`)
      }
      const found = await read(tempsOf('r2', 'c', folder)).catch(() => [])
      assert.deepEqual(found, [...expected.values()].sort())
    }),
    { numRuns: 40 },
  )
})

test('several steps add their parts at the same time (TMP-5)', async () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  await Promise.all(names.map((by) => write(tempsOf('r'), target({ append: true }), { by, text: by })))
  assert.deepEqual(await read(tempsOf('r')), names)
})

test('a temp that is written as a whole takes the place of parts, and the other way round', async () => {
  const temps = tempsOf('r')
  await write(temps, target({ append: true }), { by: 'a', text: 'part a' })
  await write(temps, target({ append: true }), { by: 'b', text: 'part b' })
  await write(temps, target(), { by: 'a', text: 'whole' })
  assert.deepEqual(await read(temps), ['whole'])
  await write(temps, target({ append: true }), { by: 'b', text: 'part again' })
  assert.deepEqual(await read(temps), ['part again'])
})

test('temps of the run come before those that are kept for the correlation id (TMP-9)', async () => {
  await write(tempsOf('r1', 'c'), target({ scope: 'correlation' }), { by: 'a', text: 'kept' })
  const later = tempsOf('r2', 'c')
  assert.deepEqual(await read(later), ['kept'])
  await write(later, target(), { by: 'a', text: 'own' })
  assert.deepEqual(await read(later), ['own'])
  await assert.rejects(tempsOf('r2').resolve('other'), { kind: 'missing', code: 'TempNotFound' })
  await assert.rejects(tempsOf('r3', 'd').resolve('result'), { code: 'TempNotFound' })
})

test('without a correlation id nothing can be kept for one (TMP-3)', async () => {
  const writing = tempsOf('r').begin(target({ scope: 'correlation' }), writer('a'))
  await assert.rejects(writing, { kind: 'invalid', code: 'CorrelationIdMissing' })
})

test('names and ids that lead out of their folder are refused (TMP-2)', async () => {
  for (const id of ['..', '../x', 'a/b', '', '/etc', 'a\0', '.hidden']) {
    assert.throws(() => tempsOf(id), { code: 'InvalidId' })
    assert.throws(() => tempsOf('r', id), { code: 'InvalidId' })
    await assert.rejects(cleanupRun(root, id), { code: 'InvalidId' })
    await assert.rejects(cleanupCorrelation(root, id), { code: 'InvalidId' })
    await assert.rejects(tempsOf('r').begin(target({ name: id }), writer('a')), { code: 'InvalidName' })
    await assert.rejects(tempsOf('r').resolve(id), { code: 'InvalidName' })
  }
})

test('a damaged entry is told, not passed over', async () => {
  await write(tempsOf('r'), target(), { by: 'a', text: 'x' })
  for (const text of ['', '{"file"', '[]', '{"file": 3}']) {
    writeFileSync(join(root, 'runs/r/result/whole.json'), text)
    await assert.rejects(tempsOf('r').resolve('result'), { code: 'CorruptTemp' })
  }
})

test('a folder that can not be written is a fault that says so', async () => {
  writeFileSync(join(root, 'runs'), 'a file where a folder should be')
  await assert.rejects(tempsOf('r').begin(target(), writer('a')), { kind: 'transient', code: 'StorageFailed' })
})

test('cleaning removes what it should and nothing else, by the cleaner that was given', async () => {
  const removed: string[] = []
  for (const id of ['r1', 'r2']) {
    mkdirSync(join(root, 'runs', id), { recursive: true })
    mkdirSync(join(root, 'correlations', id), { recursive: true })
  }
  await tempsOf('r1', 'r2').cleanRun()
  await cleanupCorrelation(root, 'r1')
  assert.deepEqual(
    ['runs/r1', 'runs/r2', 'correlations/r1', 'correlations/r2'].filter((path) => existsSync(join(root, path))),
    ['runs/r2', 'correlations/r2'],
  )
  const cleaner = { deleteTree: async (path: string) => void removed.push(path) }
  const temps = new FolderTemps({ root, runId: 'r2', correlationId: 'r2', cleaner })
  await temps.cleanRun()
  await temps.cleanCorrelation()
  assert.deepEqual(removed, [join(root, 'runs/r2'), join(root, 'correlations/r2')])
  assert.ok(existsSync(removed[0]!))
})
