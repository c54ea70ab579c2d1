import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, beforeEach, test } from 'node:test'
import { Fault } from '../../../src/base/index.ts'
import { openFileStore } from '../../../src/formats/index.ts'
import type { WriteMode } from '../../../src/plan/index.ts'
import type { ObjectStore, OpenStore } from '../../../src/step/index.ts'
import { append, replace, replacePartitions, replaceWhere, type Tables, tables, upsert } from './table-fixture.ts'

let made: Tables
beforeEach(async () => {
  await made?.remove()
  made = tables()
})
after(() => made.remove())

const dataFiles = () =>
  readdirSync(`${made.root}/t`, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.parquet'))

/** The real store, but that something else happens right before the entry is put. */
function beforePut(happens: (path: string) => Promise<void>): OpenStore {
  return (uri) => {
    const store = openFileStore(uri)
    return wrapped(store, {
      async putIfAbsent(path, bytes) {
        await happens(path)
        return await store.putIfAbsent(path, bytes)
      },
    })
  }
}

function wrapped(store: ObjectStore, changes: Partial<ObjectStore>): ObjectStore {
  return {
    root: store.root,
    get: (path) => store.get(path),
    put: (path, bytes) => store.put(path, bytes),
    putIfAbsent: (path, bytes) => store.putIfAbsent(path, bytes),
    list: (prefix, from) => store.list(prefix, from),
    delete: (path) => store.delete(path),
    stream: (path) => store.stream(path),
    copy: (from, to) => store.copy(from, to),
    ...changes,
  }
}

const once = (happens: () => Promise<unknown>) => {
  let done = false
  return async () => {
    if (done) return
    done = true
    await happens()
  }
}

const MODES: WriteMode[] = [append, replace, replacePartitions('id'), replaceWhere('id >= 0'), upsert(['id'])]

for (const mode of MODES)
  test(`a step that is run again writes nothing: ${mode.mode}`, async () => {
    await made.write('SELECT 1 AS id, 1 AS v', mode, { step: 'one' })
    const files = dataFiles()
    const again = await made.write('SELECT 2 AS id, 2 AS v', mode, { step: 'one' })
    assert.deepEqual(again, { rows: 0, bytes: 0, files: 0, tableVersion: 0, alreadyCommitted: true, warnings: [] })
    assert.deepEqual(dataFiles(), files)
    assert.deepEqual(await made.rows(), [{ id: 1, v: 1 }])
  })

test('a write that changes no rows commits its txn all the same', async () => {
  await made.write('SELECT 1 AS id', append)
  await made.write('SELECT 1 AS id WHERE false', upsert(['id']), { step: 'none' })
  assert.equal((await made.write('SELECT 2 AS id', upsert(['id']), { step: 'none' })).alreadyCommitted, true)
})

for (const mode of MODES)
  test(`rows that somebody else adds while the write is made are taken into account: ${mode.mode}`, async () => {
    await made.write('SELECT 1 AS id, 0 AS v', append)
    const other = once(() => made.write('SELECT 1 AS id, 5 AS v UNION ALL SELECT 2, 5', append))
    const result = await made.write('SELECT 1 AS id, 9 AS v', mode, { context: { openStore: beforePut(other) } })
    assert.equal(result.tableVersion, 2)
    const expected: Record<string, [number, number][]> = {
      append: [
        [1, 0],
        [1, 5],
        [1, 9],
        [2, 5],
      ],
      replace: [[1, 9]],
      replacePartitions: [
        [1, 9],
        [2, 5],
      ],
      replaceWhere: [[1, 9]],
      upsert: [
        [1, 9],
        [1, 9],
        [2, 5],
      ],
    }
    assert.deepEqual(
      (await made.rows()).map(({ id, v }) => [id, v]),
      expected[mode.mode],
    )
    const snapshot = await made.snapshot()
    const known = new Set([...(snapshot?.files ?? []), ...(snapshot?.removed ?? [])].map(({ path }) => path))
    assert.deepEqual(
      dataFiles().filter((path) => !known.has(path)),
      [],
      'files of the lost try are gone',
    )
  })

test('replacing one partition does not mind what happens to another', async () => {
  await made.write("SELECT 1 AS id, 'a' AS p UNION ALL SELECT 2, 'b'", { mode: 'append', partitionBy: ['p'] })
  let puts = 0
  const other = once(() => made.write("SELECT 3 AS id, 'b' AS p", replacePartitions('p')))
  await made.write("SELECT 4 AS id, 'a' AS p", replacePartitions('p'), {
    context: {
      openStore: beforePut(async () => {
        puts += 1
        await other()
      }),
    },
  })
  assert.deepEqual(await made.rows(), [
    { id: 3, p: 'b' },
    { id: 4, p: 'a' },
  ])
  assert.equal(puts, 2, 'the same change was put on top of the other one')
})

test('two first writes at the same time both count', async () => {
  const other = once(() => made.write('SELECT 1 AS id', append))
  await made.write('SELECT 2 AS id', append, { context: { openStore: beforePut(other) } })
  assert.deepEqual(await made.rows(), [{ id: 1 }, { id: 2 }])
})

test('the same step running twice at the same time is committed once', async () => {
  await made.write('SELECT 0 AS id', append)
  const twin = once(() => made.write('SELECT 1 AS id', append, { step: 'twin' }))
  const result = await made.write('SELECT 1 AS id', append, { step: 'twin', context: { openStore: beforePut(twin) } })
  assert.equal(result.alreadyCommitted, true)
  assert.deepEqual(await made.rows(), [{ id: 0 }, { id: 1 }])
  assert.equal(dataFiles().length, 2)
})

test('many writers at once lose nothing and double nothing', async () => {
  await made.write('SELECT i::INTEGER AS id, 0 AS v FROM range(4) r(i)', append)
  await Promise.all(
    [0, 1, 2, 3].flatMap((writer) => [
      made.write(`SELECT ${writer}::INTEGER AS id, 1 AS v UNION ALL SELECT ${100 + writer}, 1`, upsert(['id'])),
      made.write(`SELECT ${200 + writer}::INTEGER AS id, 2 AS v`, append),
    ]),
  )
  const rows = await made.rows()
  assert.deepEqual(
    rows.map(({ id }) => id),
    [0, 1, 2, 3, 100, 101, 102, 103, 200, 201, 202, 203],
  )
  assert.ok(rows.every(({ v }) => v !== 0))
})

test('a table that others change without end ends in a conflict, not in a hang', async () => {
  await made.write('SELECT 1 AS id', append)
  const busy = beforePut(async () => void (await made.write('SELECT 2 AS id', append)))
  await assert.rejects(made.write('SELECT 3 AS id', replace, { context: { openStore: busy } }), {
    code: 'TableBusy',
    kind: 'conflict',
    message: /others changed it 20 times/,
  })
})

test('a step whose time is over commits nothing and takes its files away', async () => {
  await made.write('SELECT 1 AS id', append)
  const assertMayCommit = () => {
    throw new Fault({ kind: 'conflict', code: 'LeaseLost', message: 'cannot commit: the lease is over' })
  }
  for (const mode of MODES)
    await assert.rejects(made.write('SELECT 2 AS id', mode, { context: { assertMayCommit } }), { code: 'LeaseLost' })
  assert.equal((await made.snapshot())?.version, 0)
  assert.equal(dataFiles().length, 1)
})

test('a step that is interrupted before its commit commits nothing', async () => {
  const stop = new AbortController()
  const openStore: OpenStore = (uri) => {
    const store = openFileStore(uri)
    return wrapped(store, {
      async get(path) {
        stop.abort()
        return await store.get(path)
      },
    })
  }
  await made.write('SELECT 1 AS id', append)
  await assert.rejects(made.write('SELECT 2 AS id', append, { context: { signal: stop.signal, openStore } }), {
    code: 'Interrupted',
    kind: 'transient',
  })
  assert.equal((await made.snapshot())?.version, 0)
})

test('a write that is interrupted while rows are written leaves no file behind', async () => {
  await made.write('SELECT 0::BIGINT AS id, 0::BIGINT AS p', { mode: 'append', partitionBy: ['p'] })
  const stop = new AbortController()
  const writing = made.write('SELECT range AS id, range % 3 AS p FROM range(10000000000)', append, {
    context: { signal: stop.signal },
  })
  const deadline = Date.now() + 20_000
  while (dataFiles().length < 2 && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await assert.rejects(writing, { code: 'Interrupted' })
  assert.equal(dataFiles().length, 1)
})

test('a query that fails half-way leaves no file and no version behind', async () => {
  await made.write("SELECT '1' AS id", append)
  const query = "SELECT CASE WHEN range < 900000 THEN range::VARCHAR ELSE error('broken') END AS id FROM range(1000000)"
  await assert.rejects(made.write(query, append), /broken/)
  assert.equal((await made.snapshot())?.version, 0)
  assert.equal(dataFiles().length, 1)
})

test("when the fate of a commit is not known, the files stay: they may be the table's", async () => {
  await made.write('SELECT 1 AS id', append)
  const openStore: OpenStore = (uri) => {
    const store = openFileStore(uri)
    let broken = false
    return wrapped(store, {
      async putIfAbsent(path, bytes) {
        await store.putIfAbsent(path, bytes)
        broken = true
        throw new Fault({ kind: 'transient', code: 'StorageFailed', message: 'cannot write: the line is dead' })
      },
      async get(path) {
        if (broken)
          throw new Fault({ kind: 'transient', code: 'StorageFailed', message: 'cannot read: the line is dead' })
        return await store.get(path)
      },
    })
  }
  await assert.rejects(made.write('SELECT 2 AS id', append, { step: 'lost', context: { openStore } }), {
    code: 'StorageFailed',
  })
  assert.deepEqual(await made.rows(), [{ id: 1 }, { id: 2 }])
  assert.equal((await made.write('SELECT 2 AS id', append, { step: 'lost' })).alreadyCommitted, true)
})
