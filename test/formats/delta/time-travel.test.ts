import assert from 'node:assert/strict'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Fault } from '../../../src/base/index.ts'
import { readHistory, readSnapshot, type TableHandle } from '../../../src/formats/index.ts'
import { aFile, aSession, committed, folders, handleOf } from '../support/table.ts'

const aFolder = folders()
const session = await aSession()

/** Versions 0 to 3, committed on the first four days of 2026 at noon. */
async function fourDays(): Promise<TableHandle> {
  const handle = handleOf(await aFolder(), session)
  let base = await committed(handle, {})
  for (let version = 1; version <= 3; version++) base = await committed(handle, { base, add: [aFile(`f${version}`)] })
  for (let version = 0; version <= 3; version++) await datedEntry(handle, version, `2026-01-0${version + 1}T12:00:00Z`)
  return handle
}

async function datedEntry(handle: TableHandle, version: number, at: string): Promise<void> {
  const time = new Date(at)
  await utimes(join(handle.store.root, '_delta_log', `${String(version).padStart(20, '0')}.json`), time, time)
}

test('a version holds the files it had', async () => {
  const handle = await fourDays()
  for (const version of [0, 1, 2, 3]) {
    const snapshot = await readSnapshot(handle, { version })
    assert.deepEqual([snapshot?.version, snapshot?.files.length], [version, version])
    assert.equal(snapshot?.timestamp, Date.parse(`2026-01-0${version + 1}T12:00:00Z`))
  }
})

for (const [timestamp, version] of [
  ['2026-01-01T12:00:00Z', 0],
  ['2026-01-02T11:59:59.999Z', 0],
  ['2026-01-02T12:00:00.000001Z', 1],
  ['2026-01-02T13:00:00+01:00', 1],
  ['2026-01-03 12:00:00', 2],
  ['2026-01-04', 2],
  ['2030-01-01T00:00:00Z', 3],
] as const)
  test(`at ${timestamp} the table was at version ${version}`, async () => {
    assert.equal((await readSnapshot(await fourDays(), { timestamp }))?.version, version)
  })

test('a version that is not there is refused with the range that is', async () => {
  const handle = await fourDays()
  for (const version of [4, -1])
    await assert.rejects(
      readSnapshot(handle, { version }),
      (thrown) =>
        thrown instanceof Fault &&
        thrown.code === 'TableVersionNotFound' &&
        /versions 0 to 3 can be read/.test(thrown.message),
    )
  await assert.rejects(
    readSnapshot(handle, { timestamp: '2025-12-31T00:00:00Z' }),
    (thrown) => thrown instanceof Fault && /the first is version 0 of 2026-01-01T12:00:00.000Z/.test(thrown.message),
  )
  await assert.rejects(
    readSnapshot(handle, { timestamp: 'yesterday' }),
    (thrown) => thrown instanceof Fault && thrown.code === 'TimestampInvalid',
  )
})

test('an entry with an older time than the one before it still comes later', async () => {
  const handle = await fourDays()
  await datedEntry(handle, 2, '2025-01-01T00:00:00Z')
  assert.equal((await readSnapshot(handle, { timestamp: '2026-01-03T00:00:00Z' }))?.version, 2)
})

test('the history tells newest first who did what', async () => {
  const handle = await fourDays()
  const [newest, ...others] = await readHistory(handle)
  assert.deepEqual(newest, {
    version: 3,
    timestamp: Date.parse('2026-01-04T12:00:00Z'),
    operation: 'WRITE',
    parameters: { mode: 'Append' },
    metrics: { numOutputRows: '1' },
    engine: newest?.engine,
    run: { runId: 'run-1', process: 'ingest', step: 'load', attempt: 2, planHash: 'sha256:00' },
  })
  assert.match(newest?.engine ?? '', /^loom-operator\/\d/)
  assert.deepEqual(
    others.map((entry) => entry.version),
    [2, 1, 0],
  )
  assert.deepEqual(
    (await readHistory(handle, 2)).map((entry) => entry.version),
    [3, 2],
  )
})
