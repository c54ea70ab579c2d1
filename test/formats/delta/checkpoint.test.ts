import assert from 'node:assert/strict'
import { readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Fault } from '../../../src/base/index.ts'
import { commit, readSnapshot, type Snapshot, type TableHandle, writeCheckpoint } from '../../../src/formats/index.ts'
import type { SqlSession } from '../../../src/step/index.ts'
import { aFile, aRequest, aSession, committed, folders, handleOf, NOW, newId } from '../support/table.ts'

const aFolder = folders()
const session = await aSession()
const DAY = 86_400_000
const entry = (version: number) => `${String(version).padStart(20, '0')}.json`
const checkpointName = (version: number) => `${String(version).padStart(20, '0')}.checkpoint.parquet`

/** A table with so many commits after the first, each of which adds a file of odd values. */
async function aLongTable(commits: number): Promise<{ handle: TableHandle; log: string; last: Snapshot }> {
  const folder = await aFolder()
  const handle = handleOf(folder, session)
  let last = await committed(handle, {
    add: [aFile('gone'), aFile("kind=a%2Fb/it's 100%.parquet", { stats: '{"numRecords":9223372036854775807}' })],
  })
  for (let i = 1; i <= commits; i++)
    last = await committed(handle, {
      base: last,
      add: [
        aFile(`f${i}`, {
          partitionValues: { kind: i % 2 === 0 ? null : `x=y ü'"${i}` },
          tags: i === 3 ? { t: 'v' } : {},
        }),
      ],
      remove: i === 5 ? last.files.filter((file) => file.path === 'gone') : [],
      txn: { appId: `app-${i}`, version: i },
    })
  return { handle, log: join(folder, '_delta_log'), last }
}

const comparable = (snapshot: Snapshot | undefined) => {
  assert.ok(snapshot)
  const { timestamp: _, ...rest } = snapshot
  const byPath = <T extends { path: string }>(files: T[]) =>
    files.map((file) => ({ ...file, dataChange: false, tags: {} })).sort((a, b) => (a.path < b.path ? -1 : 1))
  return { ...rest, files: byPath(rest.files), removed: byPath(rest.removed) }
}

test('every tenth version has a checkpoint, and the last one is named', async () => {
  const { log } = await aLongTable(21)
  const names = await readdir(log)
  assert.deepEqual(
    names.filter((name) => name.includes('checkpoint')).sort(),
    [checkpointName(10), checkpointName(20), '_last_checkpoint'].sort(),
  )
  const last = JSON.parse(await readFile(join(log, '_last_checkpoint'), 'utf8'))
  assert.equal(last.version, 20)
  assert.equal(last.numOfAddFiles, 21)
})

test('with all entries before the checkpoint gone the table is the same', async () => {
  const { handle, log, last } = await aLongTable(14)
  for (let version = 0; version <= 10; version++) await rm(join(log, entry(version)))
  assert.deepEqual(comparable(await readSnapshot(handle)), comparable(last))
  await assert.rejects(
    readSnapshot(handle, { version: 9 }),
    (thrown) => thrown instanceof Fault && thrown.message.includes('versions 10 to 14 can be read'),
  )
  assert.equal((await readSnapshot(handle, { version: 10 }))?.version, 10)
})

test('with the checkpoint missing, damaged or named wrongly the entries are read instead', async () => {
  const { handle, log, last } = await aLongTable(12)
  const lastCheckpoint = join(log, '_last_checkpoint')
  for (const hint of ['{"version":999}', 'not json', '{"version":-3}', '', '[]', '{"version":11}']) {
    await writeFile(lastCheckpoint, hint)
    assert.deepEqual(comparable(await readSnapshot(handle)), comparable(last), hint)
  }
  await writeFile(lastCheckpoint, '{"version":10}')
  await truncate(join(log, checkpointName(10)), 100)
  assert.deepEqual(comparable(await readSnapshot(handle)), comparable(last))
  await rm(join(log, checkpointName(10)))
  assert.deepEqual(comparable(await readSnapshot(handle)), comparable(last))
})

test('a damaged checkpoint without the entries is a corrupt log that names the file', async () => {
  const { handle, log } = await aLongTable(12)
  await truncate(join(log, checkpointName(10)), 100)
  await rm(join(log, entry(3)))
  await assert.rejects(
    readSnapshot(handle),
    (thrown) => thrown instanceof Fault && thrown.code === 'CorruptLog' && thrown.message.includes(checkpointName(10)),
  )
})

test('a checkpoint of several parts is read as one, and only when all of them are there', async () => {
  const { handle, log, last } = await aLongTable(10)
  const whole = join(log, checkpointName(10))
  const part = (n: number) =>
    join(log, `${String(10).padStart(20, '0')}.checkpoint.${String(n).padStart(10, '0')}.0000000003.parquet`)
  for (const n of [1, 2, 3])
    await session.run(
      `COPY (SELECT * FROM (SELECT *, row_number() OVER () AS n FROM read_parquet('${whole}')) WHERE n % 3 = ${n - 1}) TO '${part(n)}' (FORMAT parquet)`,
    )
  await rm(whole)
  for (let version = 0; version <= 10; version++) await rm(join(log, entry(version)))
  assert.deepEqual(comparable(await readSnapshot(handle)), comparable(last))
  await rm(part(2))
  assert.equal(await readSnapshot(handle), undefined)
})

test('a checkpoint in the V2 form is refused by name where nothing else will do', async () => {
  for (const form of ['its own name', 'a classic name'] as const) {
    const { handle, log, last } = await aLongTable(12)
    const whole = join(log, checkpointName(10))
    if (form === 'its own name') await rename(whole, whole.replace('.parquet', `.${crypto.randomUUID()}.parquet`))
    else {
      const copy = `${whole}.copy`
      await rename(whole, copy)
      await session.run(
        `COPY (SELECT *, {'path': 'x.parquet', 'sizeInBytes': 1, 'modificationTime': 1} AS sidecar FROM read_parquet('${copy}')) TO '${whole}' (FORMAT parquet)`,
      )
      await rm(copy)
    }
    if (form === 'its own name') assert.deepEqual(comparable(await readSnapshot(handle)), comparable(last))
    for (let version = 0; version <= 10; version++) await rm(join(log, entry(version)))
    await assert.rejects(
      readSnapshot(handle),
      (thrown) =>
        thrown instanceof Fault && thrown.code === 'UnsupportedTableFeature' && /v2Checkpoint/.test(thrown.message),
      form,
    )
  }
})

test('an interrupted reading of a checkpoint is no corrupt log', async () => {
  const { handle } = await aLongTable(10)
  const fault = new Fault({ kind: 'transient', code: 'Interrupted', message: 'stop' })
  const interrupted: SqlSession = {
    run: (sql) => session.run(sql),
    rows: () => Promise.reject(fault),
    stream: (sql) => session.stream(sql),
    describe: (sql) => session.describe(sql),
    load: (...all) => session.load(...all),
  }
  await assert.rejects(readSnapshot({ ...handle, session: interrupted }), fault)
})

test('a checkpoint that can not be written is a warning, not a failure', async () => {
  const { handle, last } = await aLongTable(9)
  const broken: SqlSession = {
    run: () => Promise.reject(new Fault({ kind: 'transient', code: 'DiskFull', message: 'the disk is full' })),
    rows: (sql) => session.rows(sql),
    stream: (sql) => session.stream(sql),
    describe: (sql) => session.describe(sql),
    load: (...all) => session.load(...all),
  }
  const result = await commit(aRequest({ ...handle, session: broken }, { base: last, add: [aFile('f10')] }))
  assert.equal(result.kind, 'committed')
  assert.deepEqual('warnings' in result && result.warnings, [
    'version 10 is committed, but its checkpoint was not written: the disk is full',
  ])
})

test('old transactions and old removed files leave with a checkpoint, young ones stay', async () => {
  const handle = handleOf(await aFolder(), session)
  let last = await committed(handle, { add: [aFile('old'), aFile('young')], txn: { appId: 'old', version: 1 } })
  last = await committed(handle, { base: last, remove: [aFile('old')] })
  last = await committed(handle, {
    base: last,
    remove: [aFile('young')],
    txn: { appId: 'young', version: 1 },
    now: NOW + 5 * DAY,
  })
  await writeCheckpoint(handle, last, { now: NOW + 8 * DAY, id: newId() })
  for (const version of [0, 1, 2]) await rm(join(handle.store.root, '_delta_log', entry(version)))
  const read = await readSnapshot(handle)
  assert.deepEqual([...(read?.transactions.keys() ?? [])], ['young'])
  assert.deepEqual(
    read?.removed.map((file) => file.path),
    ['young'],
  )
  assert.deepEqual(read?.files, [])
})

test('the name of the last checkpoint never goes back', async () => {
  const { handle, log, last } = await aLongTable(10)
  const early = await readSnapshot(handle, { version: 4 })
  assert.ok(early)
  await writeCheckpoint(handle, early, { now: NOW, id: newId() })
  assert.equal(JSON.parse(await readFile(join(log, '_last_checkpoint'), 'utf8')).version, last.version)
  assert.deepEqual(
    (await readdir(log)).filter((name) => name.includes('unfinished')),
    [],
  )
})

test('the columns of a checkpoint have the types that the protocol asks for', async () => {
  const { log } = await aLongTable(10)
  const types = await session.describe(`SELECT * FROM read_parquet('${join(log, checkpointName(10))}')`)
  assert.deepEqual(
    types.map(({ name }) => name),
    ['txn', 'add', 'remove', 'metaData', 'protocol'],
  )
  assert.equal(
    types[1]?.type,
    'STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, stats VARCHAR, tags MAP(VARCHAR, VARCHAR))',
  )
})
