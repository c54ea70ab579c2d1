import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Fault } from '../../../src/base/index.ts'
import { openFileStore } from '../../../src/formats/index.ts'
import { folders } from '../support/table.ts'

const aFolder = folders()
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (found: Uint8Array | undefined) => (found === undefined ? undefined : new TextDecoder().decode(found))

test('of twenty writers of one name exactly one wins, and its bytes are there', async () => {
  const store = openFileStore(await aFolder())
  const wins = await Promise.all(
    Array.from({ length: 20 }, async (_, i) =>
      (await store.putIfAbsent('_delta_log/0.json', bytes(`${i}`))) ? i : -1,
    ),
  )
  const winners = wins.filter((i) => i >= 0)
  assert.equal(winners.length, 1)
  assert.equal(text(await store.get('_delta_log/0.json')), String(winners[0]))
})

test('nothing but the objects is left in the folder', async () => {
  const folder = await aFolder()
  const store = openFileStore(folder)
  await store.putIfAbsent('a', bytes('1'))
  await store.putIfAbsent('a', bytes('2'))
  await store.put('a', bytes('3'))
  assert.deepEqual(await readdir(folder), ['a'])
  assert.equal(text(await store.get('a')), '3')
})

test('a list is sorted, begins after the given path and knows sizes', async () => {
  const store = openFileStore(await aFolder())
  for (const path of ['log/10', 'log/9', 'log/x/1', 'other/1', 'log2']) await store.put(path, bytes(path))
  assert.deepEqual(
    (await store.list('log/')).map(({ path, size }) => [path, size]),
    [
      ['log/10', 6],
      ['log/9', 5],
      ['log/x/1', 7],
    ],
  )
  assert.deepEqual(
    (await store.list('log/', 'log/10')).map(({ path }) => path),
    ['log/9', 'log/x/1'],
  )
  assert.deepEqual(
    (await store.list('log')).map(({ path }) => path),
    ['log/10', 'log/9', 'log/x/1', 'log2'],
  )
  assert.deepEqual(await store.list('nothing/'), [])
})

test('what a killed writer left unfinished is not listed', async () => {
  const folder = await aFolder()
  await writeFile(join(folder, '.loom-tmp-1'), 'half')
  assert.deepEqual(await openFileStore(folder).list(''), [])
})

test('an object that is not there is undefined, and deleting it is fine', async () => {
  const store = openFileStore(join(await aFolder(), 'not', 'yet'))
  assert.equal(await store.get('a/b'), undefined)
  await store.delete('a/b')
  assert.deepEqual(await store.list(''), [])
})

test('a relative path is refused', () => {
  assert.throws(
    () => openFileStore('lake/t'),
    (thrown) => thrown instanceof Fault && thrown.code === 'StoreNotSupported',
  )
})

test('a name that is taken by a folder is a fault that says where', async () => {
  const folder = await aFolder()
  await mkdir(join(folder, 'a'))
  await assert.rejects(
    openFileStore(folder).get('a'),
    (thrown) => thrown instanceof Fault && thrown.message.includes(folder),
  )
})

test('a folder that may not be written to is denied', {
  skip: process.getuid?.() === 0 && 'root may write anywhere',
}, async () => {
  const folder = await aFolder()
  await chmod(folder, 0o500)
  await assert.rejects(
    openFileStore(folder).put('a', bytes('1')),
    (thrown) => thrown instanceof Fault && thrown.kind === 'denied',
  )
})
