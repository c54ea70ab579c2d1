// An engine instance that may reach a part of a bucket reaches nothing else, whatever its SQL says.
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Fault } from '../../src/base/index.ts'
import { InstancePool } from '../../src/engine/duckdb/instance.ts'
import type { DuckDbSession } from '../../src/engine/duckdb/session.ts'
import { openSession } from '../engine/open-session.ts'
import { EXTENSIONS } from './bed/place.ts'
import { type FaultProxy, startProxy } from './bed/proxy.ts'
import { KEYS, type S3Server, startS3Server } from './bed/server.ts'

let server: S3Server
let elsewhere: FaultProxy
let pool: InstancePool
let session: DuckDbSession

before(async () => {
  Object.assign(process.env, KEYS)
  server = await startS3Server()
  elsewhere = await startProxy(server.endpoint)
  for (const path of ['mine/x.csv', 'mine/?[y].csv', 'mine2/x.csv', 'outside.csv']) {
    await mkdir(join(server.bucketFolder, path, '..'), { recursive: true })
    await writeFile(join(server.bucketFolder, path), 'a\n1\n')
  }
  pool = new InstancePool({ extensionsFolder: EXTENSIONS, memoryLimit: '256MB' })
  const s3 = { endpoint: server.endpoint, region: 'us-east-1', pathStyle: true, credentialsSecret: null }
  const reach = { folders: ['s3://lake/mine'], extensions: ['httpfs'], objectStore: { s3 } }
  session = await openSession(pool, { reach })
})
after(async () => {
  await session.close()
  await pool.close()
  await elsewhere.stop()
  await server.stop()
})

const codeOf = async (sql: string): Promise<string> => {
  const thrown = await session.rows(sql).then(
    (rows) => `${rows.length} rows`,
    (reason: unknown) => reason,
  )
  if (!(thrown instanceof Fault)) return String(thrown)
  assert.ok(!JSON.stringify([thrown.message, thrown.cause]).includes(KEYS.AWS_SECRET_ACCESS_KEY))
  return thrown.code
}

describe('an engine that may reach a folder of a bucket', () => {
  it('reads and writes what is in it, under the very name', async () => {
    assert.equal(await codeOf("FROM read_csv('s3://lake/mine/x.csv')"), '1 rows')
    assert.equal(await codeOf("FROM read_csv('s3://lake/mine/?[y].csv')"), '1 rows')
    await session.run("COPY (SELECT 1 AS a) TO 's3://lake/mine/new.parquet' (FORMAT parquet)")
    assert.deepEqual(await session.rows("FROM read_parquet('s3://lake/mine/new.parquet')"), [{ a: 1 }])
  })

  it('reads nothing beside it', async () => {
    const outside = ['s3://lake/outside.csv', 's3://lake/mine2/x.csv', 's3://other/x.csv', 's3a://lake/mine/x.csv']
    for (const place of [
      ...outside,
      `${server.endpoint}/lake/mine/x.csv`,
      'https://example.invalid/x.csv',
      '/etc/hostname',
    ])
      assert.equal(await codeOf(`FROM read_csv('${place}')`), 'OutsideStep', place)
    assert.equal(await codeOf("FROM glob('s3://lake/*')"), 'OutsideStep')
    assert.equal(await codeOf("COPY (SELECT 1) TO 's3://lake/outside.csv'"), 'OutsideStep')
  })

  it('finds no way out by names that mean something elsewhere', async () => {
    const { host } = new URL(elsewhere.endpoint)
    assert.equal(await codeOf(`FROM read_csv('s3://lake/mine/x.csv?s3_endpoint=${host}')`), 'FileMissing')
    assert.equal(await codeOf("FROM read_csv('s3://lake/mine/%2e%2e/outside.csv')"), 'FileMissing')
    assert.match(
      await codeOf("FROM read_csv('s3://lake/mine/../outside.csv')"),
      /^(AccessDenied|FileMissing|OutsideStep)$/,
    )
    assert.deepEqual(elsewhere.exchanges, [])
  })

  it('shows no secret, and takes no other settings', async () => {
    const shown = JSON.stringify(await session.rows('FROM duckdb_secrets()'))
    assert.ok(shown.includes('redacted') && !shown.includes(KEYS.AWS_SECRET_ACCESS_KEY))
    for (const sql of [
      'FROM duckdb_secrets(redact = false)',
      'SET s3_url_compatibility_mode = false',
      'SET allow_unredacted_secrets = true',
    ])
      assert.doesNotMatch(await codeOf(sql), /rows/, sql)
  })
})
