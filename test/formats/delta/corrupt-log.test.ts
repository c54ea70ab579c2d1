import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Fault } from '../../../src/base/index.ts'
import { readSnapshot, type TableHandle } from '../../../src/formats/index.ts'
import { aFile, aSession, committed, folders, handleOf } from '../support/table.ts'

const aFolder = folders()
const session = await aSession()
const logFile = (handle: TableHandle, version: number) =>
  join(handle.store.root, '_delta_log', `${String(version).padStart(20, '0')}.json`)

async function threeVersions(): Promise<TableHandle> {
  const handle = handleOf(await aFolder(), session)
  let base = await committed(handle, { add: [aFile('a')] })
  for (const path of ['b', 'c']) base = await committed(handle, { base, add: [aFile(path)] })
  return handle
}

async function editLine(handle: TableHandle, version: number, edit: (lines: string[]) => string[]): Promise<void> {
  const lines = (await readFile(logFile(handle, version), 'utf8')).trimEnd().split('\n')
  await writeFile(logFile(handle, version), `${edit(lines).join('\n')}\n`)
}

const replaceLast = (line: string) => (lines: string[]) => [...lines.slice(0, -1), line]

const damages: { name: string; damage: (handle: TableHandle) => Promise<void>; expected: RegExp }[] = [
  {
    name: 'an entry cut in the middle of a line',
    damage: (handle) => editLine(handle, 1, (lines) => [...lines.slice(0, -1), lines.at(-1)?.slice(0, 20) ?? '']),
    expected: /at _delta_log\/0{19}1\.json, line 2: it is not JSON;/,
  },
  {
    name: 'an empty entry',
    damage: (handle) => writeFile(logFile(handle, 1), ''),
    expected: /0001\.json: the file is empty/,
  },
  {
    name: 'an entry of nulls',
    damage: (handle) => writeFile(logFile(handle, 1), Buffer.alloc(64)),
    expected: /0001\.json, line 1: it is not JSON/,
  },
  {
    name: 'bytes that are no text',
    damage: (handle) => writeFile(logFile(handle, 1), Buffer.from([0xff, 0xfe])),
    expected: /0001\.json: it is not UTF-8/,
  },
  {
    name: 'a list instead of an object',
    damage: (handle) => editLine(handle, 1, replaceLast('[]')),
    expected: /line 2: it is not a JSON object/,
  },
  {
    name: 'a missing entry',
    damage: (handle) => rm(logFile(handle, 1)),
    expected: /0001\.json: the entry is missing, though later versions are there/,
  },
  {
    name: 'a missing first entry',
    damage: (handle) => rm(logFile(handle, 0)),
    expected: /0000\.json: the entry is missing/,
  },
  {
    name: 'an add without a path',
    damage: (handle) => editLine(handle, 1, replaceLast('{"add":{"size":1}}')),
    expected: /line 2: add\.path is missing/,
  },
  {
    name: 'an add of the wrong types',
    damage: (handle) =>
      editLine(
        handle,
        1,
        replaceLast(
          '{"add":{"path":"x","partitionValues":{"kind":1},"size":1,"modificationTime":1,"dataChange":true}}',
        ),
      ),
    expected: /add\.partitionValues is not an object of texts/,
  },
  {
    name: 'an action that is no object',
    damage: (handle) => editLine(handle, 1, replaceLast('{"add":7}')),
    expected: /add is not an object/,
  },
  {
    name: 'a schema that is no JSON',
    damage: (handle) =>
      editLine(handle, 0, (lines) =>
        lines.map((line) =>
          line.startsWith('{"metaData"') ? '{"metaData":{"id":"x","partitionColumns":[],"schemaString":"{"}}' : line,
        ),
      ),
    expected: /0000\.json, line 3: metaData\.schemaString is not JSON/,
  },
  {
    name: 'a schema of unknown shape',
    damage: (handle) =>
      editLine(handle, 0, (lines) =>
        lines.map((line) =>
          line.startsWith('{"metaData"')
            ? JSON.stringify({
                metaData: {
                  id: 'x',
                  partitionColumns: [],
                  schemaString: '{"type":"struct","fields":[{"name":"a","type":{"type":"tree"}}]}',
                },
              })
            : line,
        ),
      ),
    expected: /schemaString has an unknown type "tree" in field "a"/,
  },
  {
    name: 'no protocol',
    damage: (handle) => editLine(handle, 0, (lines) => lines.filter((line) => !line.startsWith('{"protocol"'))),
    expected: /no protocol action/,
  },
  {
    name: 'no metadata',
    damage: (handle) => editLine(handle, 0, (lines) => lines.filter((line) => !line.startsWith('{"metaData"'))),
    expected: /no metaData action/,
  },
]

for (const { name, damage, expected } of damages)
  test(`${name} is a corrupt log, and nobody's rows are guessed`, async () => {
    const handle = await threeVersions()
    await damage(handle)
    await assert.rejects(readSnapshot(handle), (thrown) => {
      assert.ok(thrown instanceof Fault)
      assert.equal(thrown.code, 'CorruptLog')
      assert.match(thrown.message, expected)
      assert.ok(thrown.message.includes(handle.store.root))
      assert.doesNotMatch(thrown.message, /\n/)
      return true
    })
  })

test('actions that we do not know and blank lines do no harm', async () => {
  const handle = await threeVersions()
  await editLine(handle, 1, (lines) => [...lines, '', '{"someday":{"x":1}}', '{"remove":null}'])
  assert.equal((await readSnapshot(handle))?.files.length, 3)
})

test('a folder of other files is no table', async () => {
  const folder = await aFolder()
  await writeFile(join(folder, 'data.csv'), 'a')
  assert.equal(await readSnapshot(handleOf(folder, session)), undefined)
})
