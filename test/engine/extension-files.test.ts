// The engine's extensions as files: none is taken that the engine does not know for its own.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { InstancePool } from '../../src/engine/duckdb/instance.ts'
import { installExtension, installedExtensions } from '../../src/engine/index.ts'
import { openSession } from './open-session.ts'

test('a file that is no extension is refused by name, and one that is not there is asked for', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'loom-extensions-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'httpfs.duckdb_extension'), 'x'.repeat(4096))
  assert.deepEqual(await installedExtensions(folder), ['httpfs'])
  const pool = new InstancePool({ extensionsFolder: folder })
  t.after(() => pool.close())
  const opened = (name: string) => openSession(pool, { reach: { extensions: [name] } })
  await assert.rejects(opened('httpfs'), { code: 'ExtensionRefused', kind: 'denied' })
  await assert.rejects(opened('excel'), { code: 'ExtensionMissing', message: /loom extensions install excel$/ })
})

test('what is no name of an extension is not asked for', async () => {
  for (const name of ['../x', 'a b', '', 'x;y', '-r'])
    await assert.rejects(installExtension(name, '/nowhere'), { code: 'UnknownExtension' })
  assert.deepEqual(await installedExtensions('/nowhere'), [])
})
