// Whole runs of the command line with everything in an S3 store: the same tables as in a folder.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { compile } from '../../src/compile/index.ts'
import { parseDocuments } from '../../src/manifest/index.ts'
import { ROOT } from '../cli/loom.ts'
import { aPlace, type Place, storageText } from './bed/place.ts'
import { KEYS, type S3Server, startS3Server } from './bed/server.ts'

let server: S3Server
let place: Place

before(async () => {
  server = await startS3Server()
  place = await aPlace(server.endpoint, 'runs')
})
after(async () => {
  await place.remove()
  await server.stop()
})

const said: string[] = []

/** Succeeds. @returns standard output */
async function loom(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await place.loom(args)
  said.push(stdout, stderr)
  assert.equal(code, 0, stderr + stdout)
  return stdout
}

const S3 = ['--storage', 's3.yaml']
const example = (name: string): string[] => ['-f', join(ROOT, 'examples', name)]

/** The rows of a table in the store are those of the table in the folder. */
async function assertSame(ref: string, order?: string): Promise<void> {
  const rows = async (storage: string[]) => {
    const shown: unknown[] = JSON.parse(await loom('show', ref, ...storage, '--limit', '100000', '--output', 'json'))
    return shown.map((row) => JSON.stringify(row)).toSorted()
  }
  const [there, here] = [await rows(S3), await rows([])]
  assert.ok(here.length > 0, `${ref} is empty`)
  assert.deepEqual(there, here, `${ref}${order ?? ''}`)
}

async function inBucket(): Promise<string[]> {
  const names = await readdir(server.bucketFolder, { recursive: true, withFileTypes: true })
  return names.flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name).slice(server.bucketFolder.length + 1)] : [],
  )
}

describe('a run with everything in an S3 store', () => {
  it('makes the same tables of the small examples as one in a folder', async () => {
    const runs: [string[], ...string[]][] = [
      [example('one-step/pipeline.yaml'), 'demo.payments'],
      [example('parallel/pipeline.yaml'), 'demo.north', 'demo.south', 'demo.sales_by_region'],
      [example('temps/pipeline.yaml'), 'demo.clicks'],
      [[...example('upsert/pipeline.yaml'), '--param', 'day=2026-01-01']],
      [[...example('upsert/pipeline.yaml'), '--param', 'day=2026-01-02'], 'demo.customers'],
    ]
    for (const [args, ...refs] of runs) {
      await loom('run', ...args, ...S3)
      await loom('run', ...args)
      for (const ref of refs) await assertSame(ref)
    }
  })

  it('makes the same tables and the same file of a month of flights', async () => {
    await loom('run', 'flights-2013-01', ...example('flights'), ...S3)
    const local = ['--storage', join(ROOT, 'examples/flights/storage.yaml')]
    await loom('run', 'flights-2013-01', ...example('flights'), ...local)
    for (const ref of [
      'raw.flights',
      'clean.rotations',
      'marts.carrier_delays',
      'marts.route_stats',
      'marts.weather_delays',
    ])
      await assertSame(ref)
    const [there, here] = await Promise.all([
      readFile(join(server.bucketFolder, 'runs/reports/carriers.csv'), 'utf8'),
      readFile(join(place.folder, '.loom/reports/carriers.csv'), 'utf8'),
    ])
    assert.equal(there, here)
  })

  it('leaves tables and files in the bucket, and nothing else', async () => {
    const left = (await inBucket()).filter((path) => path.startsWith('runs/'))
    assert.deepEqual(
      left.filter((path) => !/^runs\/(tables\/.+\.(parquet|json)|reports\/carriers\.csv)$/.test(path)),
      [],
    )
  })

  it('has a history, as every table', async () => {
    const [newest, oldest] = JSON.parse(await loom('history', 'demo.customers', ...S3, '--output', 'json'))
    assert.deepEqual([newest.version, oldest.version, newest.run.step], [1, 0, 'customers'])
    const first: unknown[] = JSON.parse(
      await loom('show', 'demo.customers', ...S3, '--version', '0', '--output', 'json'),
    )
    assert.equal(first.length, 2)
  })

  it('is resumed by its run id, and writes nothing twice', async () => {
    const args = [
      ...example('upsert/pipeline.yaml'),
      '--param',
      'day=2026-01-02',
      '--run-id',
      'again',
      '--output',
      'json',
      ...S3,
    ]
    await loom('run', ...args)
    const before = (await inBucket()).length
    const [step] = JSON.parse(await loom('run', ...args)).steps
    assert.equal(step.write.alreadyCommitted, true)
    assert.equal((await inBucket()).length, before)
  })

  it('reads csv files of the store by a pattern, also packed ones', async () => {
    const folder = join(server.bucketFolder, 'landing/2026')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'a.csv'), 'id,x\n1,a\n')
    await writeFile(join(folder, 'b.csv.gz'), gzipSync('id,x,y\n2,b,c\n'))
    await writeFile(join(folder, 'c.txt'), 'no csv')
    await writeFile(
      join(place.folder, 'read.yaml'),
      `apiVersion: loom.etl/v1alpha1
kind: ETLPipeline
metadata: {name: read}
spec:
  processes:
    - name: read
      steps:
        - name: read
          sources: {csv: {file: {path: "s3://lake/landing/2026/*.csv*", format: csv}}}
          target: {table: {ref: demo.read}}
`,
    )
    await loom('run', '-f', 'read.yaml', ...S3)
    const rows = JSON.parse(await loom('show', 'demo.read', ...S3, '--output', 'json'))
    assert.deepEqual(rows, [
      { id: 1, x: 'a', y: null },
      { id: 2, x: 'b', y: 'c' },
    ])
  })

  it('keeps temps of a correlation id in the store until they are cleaned up', async () => {
    const failing = `apiVersion: loom.etl/v1alpha1
kind: ETLPipeline
metadata: {name: kept}
spec:
  processes:
    - name: p
      steps:
        - {name: keep, sources: {r: {rows: {values: [{a: 1}]}}}, target: {temp: {name: kept, scope: correlation}}}
        - {name: fail, sources: {k: {temp: {name: kept}}}, sql: "SELECT error('no') AS x FROM k", target: {table: {ref: demo.never}}}
`
    await writeFile(join(place.folder, 'kept.yaml'), failing)
    const { code } = await place.loom(['run', '-f', 'kept.yaml', '--correlation-id', 'batch-7', ...S3])
    assert.equal(code, 1)
    const temps = async () => (await inBucket()).filter((path) => path.startsWith('runs/tmp/'))
    assert.equal((await temps()).filter((path) => path.startsWith('runs/tmp/correlations/batch-7/kept/')).length, 2)
    assert.match(await loom('cleanup', 'batch-7', ...S3), /^removed temps of correlation id "batch-7"/)
    assert.deepEqual(await temps(), [])
    // as the operator calls it
    const env = { LOOM_S3_ENDPOINT: server.endpoint, LOOM_S3_PATH_STYLE: 'true', AWS_REGION: 'us-east-1' }
    const again = await place.loom(['cleanup', '--run-id=x', '--temp-root=s3://lake/runs/tmp'], env)
    assert.equal(again.stdout, 'there are no temps of run "x" in s3://lake/runs/tmp\n', again.stderr)
  })

  it('shows credentials nowhere', async () => {
    said.push(await loom('plan', 'flights-2013-01', ...example('flights'), ...S3, '--output', 'json'))
    const bad = await place.loom(['run', ...example('one-step/pipeline.yaml'), ...S3, '--verbose'], {
      AWS_SECRET_ACCESS_KEY: 'wrong-secret-plugh',
    })
    assert.equal(bad.code, 1)
    assert.match(bad.stdout + bad.stderr, /AccessDenied/)
    said.push(bad.stdout, bad.stderr)
    for (const name of await readdir(place.folder, { recursive: true, withFileTypes: true }))
      if (name.isFile() && /\.(json|yaml)$/.test(name.name))
        said.push(await readFile(join(name.parentPath, name.name), 'utf8'))
    for (const path of await inBucket())
      if (path.endsWith('.json')) said.push(await readFile(join(server.bucketFolder, path), 'utf8'))
    for (const secret of [...Object.values(KEYS), 'wrong-secret-plugh'])
      assert.ok(!said.some((text) => text.includes(secret)), `${secret} is shown`)
  })
})

describe('a step in a pod', () => {
  it('reads and writes the store by its plan and its environment', async () => {
    const text = await readFile(join(ROOT, 'examples/parallel/pipeline.yaml'), 'utf8')
    const { documents } = parseDocuments(`${text}\n---\n${storageText(server.endpoint, 'pod')}`, 'pod.yaml')
    const pipeline = documents.find((document) => document.kind === 'ETLPipeline')
    const storage = documents.find((document) => document.kind === 'ETLStorage')
    assert.ok(pipeline && storage)
    const result = compile({
      pipeline: { name: pipeline.name, spec: pipeline.value.spec },
      storage: storage.value.spec,
      run: {},
      facts: { workingFolder: '/', manifestFolder: '/' },
    })
    assert.ok(result.ok)
    const folder = join(place.folder, 'pod')
    await mkdir(folder)
    await writeFile(join(folder, 'plan.json'), JSON.stringify(result.plan))
    await writeFile(join(folder, 'binding.json'), JSON.stringify(result.binding))
    const ids = ['--process=load', '--step=north', '--attempt=1', '--try=1', '--run-id=r', '--run-uid=u']
    const places = [`--plan=${folder}`, `--work=${join(folder, 'work')}`, `--termination-log=${join(folder, 'end')}`]
    for (const committed of [undefined, true]) {
      const { code, stdout, stderr } = await place.loom(['step', ...ids, ...places])
      const outcome = await readFile(join(folder, 'end'), 'utf8')
      assert.equal(code, 0, outcome)
      assert.equal(JSON.parse(outcome).outcome.write.alreadyCommitted, committed)
      said.push(stdout, stderr, outcome)
    }
    assert.ok((await inBucket()).includes('pod/tables/demo/north/_delta_log/00000000000000000000.json'))
    assert.ok(!said.some((line) => line.includes(KEYS.AWS_SECRET_ACCESS_KEY)))
  })
})

describe('a run that lacks something', () => {
  it('says that there are no credentials, and where they come from', async () => {
    const { code, stdout } = await place.loom(['run', ...example('one-step/pipeline.yaml'), ...S3], {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_EC2_METADATA_DISABLED: 'true',
    })
    assert.equal(code, 1)
    assert.match(stdout, /there are no credentials.+AWS_ACCESS_KEY_ID.+objectStore\.s3\.credentials/s)
  })

  it('says which extension of the engine is missing, and how to get it', async () => {
    const { code, stdout } = await place.loom(['run', ...example('one-step/pipeline.yaml'), ...S3], {
      LOOM_EXTENSIONS: join(place.folder, 'none'),
    })
    assert.equal(code, 1)
    assert.match(stdout, /httpfs extension: it is not installed; install it with: loom extensions install httpfs/)
  })

  it('says that a table is not there', async () => {
    const { code, stderr } = await place.loom(['show', 'demo.nothing', ...S3])
    assert.equal(code, 2)
    assert.match(stderr, /there is none at "s3:\/\/lake\/runs\/tables\/demo\/nothing"/)
  })
})
