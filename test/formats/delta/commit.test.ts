import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/base/index.ts'
import {
  type AddFile,
  commit,
  openFileStore,
  readSnapshot,
  refreshSnapshot,
  type Snapshot,
  type TableHandle,
} from '../../../src/formats/index.ts'
import type { ObjectStore } from '../../../src/step/index.ts'
import { aFile, aRequest, aSession, committed, folders, handleOf, NOW } from '../support/table.ts'

const aFolder = folders()
const session = await aSession()
const aTable = async (): Promise<TableHandle> => handleOf(await aFolder(), session)

const paths = (snapshot: Snapshot | undefined) => snapshot?.files.map((file) => file.path).sort()
const a: AddFile = aFile('a', { partitionValues: { kind: 'x' } })
const b: AddFile = aFile('b', { partitionValues: { kind: 'y' } })

test('there is no table before the first commit', async () => {
  assert.equal(await readSnapshot(await aTable()), undefined)
})

test('a table reads back as it was committed', async () => {
  const handle = await aTable()
  const made = await committed(handle, {
    add: [{ ...a, stats: '{"numRecords":1}', tags: { t: 'v' } }],
    txn: { appId: 'app', version: 1 },
  })
  const read = await readSnapshot(handle)
  assert.deepEqual({ ...read, timestamp: NOW }, made)
  assert.equal(read?.version, 0)
  assert.deepEqual(read?.protocol, { minReaderVersion: 1, minWriterVersion: 2 })
  assert.equal(read?.metadata.configuration['delta.setTransactionRetentionDuration'], 'interval 7 days')
  assert.deepEqual(read?.transactions.get('app'), { appId: 'app', version: 1, lastUpdated: NOW })
})

test('eight writers at the same time lose nothing and share no version', async () => {
  const handle = await aTable()
  const base = await committed(handle, {})
  const versions = await Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      const mine: number[] = []
      let seen = base
      for (let i = 0; i < 5; i++) {
        seen = await committed(handle, {
          base: seen,
          add: [aFile(`w${writer}-${i}`, { partitionValues: { kind: 'x' } })],
        })
        mine.push(seen.version)
      }
      return mine
    }),
  )
  assert.deepEqual(
    versions.flat().sort((x, y) => x - y),
    Array.from({ length: 40 }, (_, i) => i + 1),
  )
  const read = await readSnapshot(handle)
  assert.equal(read?.files.length, 40)
})

test('a read-modify-write that lost is told so, and none of them is lost when made again', async () => {
  const handle = await aTable()
  await committed(handle, { add: [aFile('0', { partitionValues: { kind: 'x' } })] })
  const increment = async (): Promise<void> => {
    for (;;) {
      const base = await readSnapshot(handle)
      assert.ok(base)
      const [file] = base.files
      assert.ok(file)
      const next = aFile(String(Number(file.path) + 1), { partitionValues: { kind: 'x' } })
      const result = await commit(
        aRequest(handle, { base, add: [next], remove: [file], reads: { kind: 'wholeTable' } }),
      )
      if (result.kind === 'committed') return
      assert.equal(result.kind, 'conflict')
    }
  }
  await Promise.all(Array.from({ length: 6 }, increment))
  assert.deepEqual(paths(await readSnapshot(handle)), ['6'])
})

test('the same transaction is committed once, by base and by race', async () => {
  const handle = await aTable()
  const base = await committed(handle, {})
  const txn = { appId: 'loom/run/p/s', version: 1 }
  const both = await Promise.all([1, 2].map(() => commit(aRequest(handle, { base, add: [a], txn }))))
  assert.deepEqual(both.map((result) => result.kind).sort(), ['alreadyCommitted', 'committed'])
  const later = await commit(aRequest(handle, { base: await readSnapshot(handle), add: [b], txn }))
  assert.equal(later.kind, 'alreadyCommitted')
  assert.deepEqual(paths(await readSnapshot(handle)), ['a'])
})

test('of two creations of a table one is told that the other was first', async () => {
  const handle = await aTable()
  const both = await Promise.all([a, b].map((file) => commit(aRequest(handle, { add: [file] }))))
  assert.deepEqual(both.map((result) => result.kind).sort(), ['committed', 'conflict'])
})

test('two creations of a table by the same transaction are one', async () => {
  const handle = await aTable()
  const txn = { appId: 'app', version: 1 }
  const both = await Promise.all([a, b].map((file) => commit(aRequest(handle, { add: [file], txn }))))
  assert.deepEqual(both.map((result) => result.kind).sort(), ['alreadyCommitted', 'committed'])
})

/** Stores the entry, then says that it failed, or that another was there. */
function losesReplies(store: ObjectStore, reply: 'fails' | 'says no'): ObjectStore {
  return {
    root: store.root,
    get: (path) => store.get(path),
    put: (path, bytes) => store.put(path, bytes),
    list: (prefix, after) => store.list(prefix, after),
    delete: (path) => store.delete(path),
    stream: (path) => store.stream(path),
    copy: (from, to) => store.copy(from, to),
    putIfAbsent: async (path, bytes) => {
      await store.putIfAbsent(path, bytes)
      if (reply === 'fails')
        throw new Fault({ kind: 'transient', code: 'StorageFailed', message: 'the reply was lost' })
      return false
    },
  }
}

for (const reply of ['fails', 'says no'] as const)
  test(`a commit whose reply ${reply} is known as our own`, async () => {
    const folder = await aFolder()
    const handle = handleOf(folder, session, losesReplies(openFileStore(folder), reply))
    const base = await committed(handle, {})
    const result = await commit(aRequest(handle, { base, add: [a] }))
    assert.deepEqual([result.kind, 'version' in result && result.version], ['committed', 1])
    assert.deepEqual(paths(await readSnapshot(handle)), ['a'])
  })

test('a store that fails before it stores fails the commit', async () => {
  const folder = await aFolder()
  const store = openFileStore(folder)
  const base = await committed(handleOf(folder, session), {})
  const fault = new Fault({ kind: 'transient', code: 'StorageFull', message: 'no space' })
  const broken: ObjectStore = { ...losesReplies(store, 'fails'), putIfAbsent: async () => Promise.reject(fault) }
  await assert.rejects(commit(aRequest(handleOf(folder, session, broken), { base, add: [a] })), fault)
})

test('nothing is committed when the step may not commit any more', async () => {
  const handle = await aTable()
  const base = await committed(handle, {})
  const fault = new Fault({ kind: 'conflict', code: 'LeaseLost', message: 'over' })
  const assertMayCommit = () => {
    throw fault
  }
  await assert.rejects(commit(aRequest(handle, { base, add: [a] }, { assertMayCommit })), fault)
  assert.equal((await readSnapshot(handle))?.version, 0)
})

interface Race {
  name: string
  ours: Parameters<typeof aRequest>[1]
  theirs: Parameters<typeof aRequest>[1]
  expected: 'committed' | RegExp
}
const reads = (...partitions: Record<string, string | null>[]) => ({ kind: 'partitions', partitions }) as const
const c = aFile('c', { partitionValues: { kind: 'x' } })
const d = aFile('d', { partitionValues: { kind: null } })
const races: Race[] = [
  { name: 'appends both hold', ours: { add: [c] }, theirs: { add: [d] }, expected: 'committed' },
  { name: 'an append holds whatever rows go', ours: { add: [c] }, theirs: { remove: [a] }, expected: 'committed' },
  {
    name: 'a whole-table change does not hold after an append',
    ours: { remove: [a], reads: { kind: 'wholeTable' } },
    theirs: { add: [c] },
    expected: /version 1 added rows/,
  },
  {
    name: 'a change of another partition holds',
    ours: { remove: [b], reads: reads({ kind: 'y' }) },
    theirs: { add: [c] },
    expected: 'committed',
  },
  {
    name: 'a change of the same partition does not hold',
    ours: { remove: [a], reads: reads({ kind: 'x' }) },
    theirs: { add: [c] },
    expected: /added rows/,
  },
  {
    name: 'the null partition is one of its own',
    ours: { add: [c], reads: reads({ kind: null }) },
    theirs: { add: [d] },
    expected: /added rows/,
  },
  {
    name: 'the null partition is not the others',
    ours: { remove: [a], reads: reads({ kind: 'x' }) },
    theirs: { add: [d] },
    expected: 'committed',
  },
  {
    name: 'the same file can not be taken away twice',
    ours: { remove: [a] },
    theirs: { remove: [a] },
    expected: /took away or rewrote a file/,
  },
  {
    name: 'rows that went from a partition that was read',
    ours: { add: [c], reads: reads({ kind: 'y' }) },
    theirs: { remove: [b] },
    expected: /took away or rewrote rows/,
  },
]
for (const { name, ours, theirs, expected } of races)
  test(`race: ${name}`, async () => {
    const handle = await aTable()
    const base = await committed(handle, { add: [a, b] })
    await committed(handle, { ...theirs, base })
    const result = await commit(aRequest(handle, { ...ours, base }))
    if (expected === 'committed') assert.equal(result.kind, 'committed')
    else assert.match(result.kind === 'conflict' ? result.reason : result.kind, expected)
  })

test('a change of schema by somebody else ends even an append', async () => {
  const handle = await aTable()
  const base = await committed(handle, {})
  const request = aRequest(handle, { base })
  await commit({ ...request, change: { ...request.change, metadata: { ...base.metadata, name: 'new' } } })
  const result = await commit(aRequest(handle, { base, add: [a] }))
  assert.match(result.kind === 'conflict' ? result.reason : '', /changed the table's schema or properties/)
})

test('a change that is far behind is judged against every version in between', async () => {
  const handle = await aTable()
  const base = await committed(handle, { add: [a, b] })
  let latest = base
  for (let i = 0; i < 5; i++)
    latest = await committed(handle, { base: latest, add: [aFile(`y${i}`, { partitionValues: { kind: 'y' } })] })
  const holds = await commit(aRequest(handle, { base, remove: [a], reads: reads({ kind: 'x' }) }))
  assert.deepEqual([holds.kind, 'version' in holds && holds.version], ['committed', 6])
  const not = await commit(aRequest(handle, { base, remove: [b], reads: reads({ kind: 'y' }) }))
  assert.match(not.kind === 'conflict' ? not.reason : '', /version 1 added rows/)
})

test('a refresh reads what came after, and only that', async () => {
  const handle = await aTable()
  const base = await committed(handle, { add: [a] })
  const latest = await committed(handle, { base, add: [b], remove: [a] })
  const asked: string[] = []
  const store = handle.store
  const counting: ObjectStore = {
    root: store.root,
    get: (path) => {
      asked.push(path)
      return store.get(path)
    },
    put: (path, bytes) => store.put(path, bytes),
    putIfAbsent: (path, bytes) => store.putIfAbsent(path, bytes),
    list: (prefix, after) => store.list(prefix, after),
    delete: (path) => store.delete(path),
    stream: (path) => store.stream(path),
    copy: (from, to) => store.copy(from, to),
  }
  const fresh = await refreshSnapshot({ ...handle, store: counting }, base)
  assert.deepEqual({ ...fresh, timestamp: NOW }, latest)
  assert.deepEqual(asked, ['_delta_log/00000000000000000001.json'])
  assert.equal(await refreshSnapshot(handle, fresh), fresh)
})

test('rows do not leave a table that only grows', async () => {
  const handle = await aTable()
  const request = aRequest(handle, { add: [a] })
  assert.ok(request.change.metadata)
  request.change.metadata.configuration['delta.appendOnly'] = 'true'
  assert.equal((await commit(request)).kind, 'committed')
  const base = await readSnapshot(handle)
  await assert.rejects(
    commit(aRequest(handle, { base, remove: [a], reads: { kind: 'wholeTable' } })),
    (thrown) => thrown instanceof Fault && thrown.code === 'TableAppendOnly',
  )
  assert.equal((await commit(aRequest(handle, { base, add: [b] }))).kind, 'committed')
})
