// The ways to make an ETLRunner: what each takes, and what it refuses.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { CompilationError, ETLRunner, storage } from '../../src/index.ts'
import { toYaml } from '../../src/manifest/index.ts'
import { flow, lake, makes, SILENT } from './lake.ts'

const place = lake()
after(() => place.remove())

const settings = { folder: place.folder, threads: 1, log: SILENT }
const spec = (uri: string) => ({ defaults: { tablePath: { uri } } })
const isTable = (path: string): boolean => existsSync(join(place.folder, path, '_delta_log'))

test('a runner is made of a storage, as its spec or as a whole document', async () => {
  await (await ETLRunner.fromConfig(spec('one'), undefined, settings)).run(flow(makes('a')))
  await (await ETLRunner.fromConfig(storage('default', spec('two')), undefined, settings)).run(flow(makes('a')))
  assert.deepEqual([isTable('one/raw/a'), isTable('two/raw/a')], [true, true])
})

test('a runner is made of a YAML file, named by its path or its URI', async () => {
  const document = place.file(
    'storage.yaml',
    `${toYaml(flow(makes('a')))}---\n${toYaml(storage('default', spec('three')))}`,
  )
  const metricsFile = join(place.folder, 'metrics.prom')
  const sections = place.file(
    'config.yaml',
    `storage: {defaults: {tablePath: {uri: four}}}\nobservability: {metricsFile: '${metricsFile}'}\n`,
  )
  await (await ETLRunner.fromYaml(document, settings)).run(flow(makes('a')))
  await (await ETLRunner.fromYaml(pathToFileURL(sections).href, settings)).run(flow(makes('a')))
  await (await ETLRunner.fromYaml(pathToFileURL(document), settings)).run(flow(makes('b')))
  assert.deepEqual(['three/raw/a', 'four/raw/a', 'three/raw/b'].map(isTable), [true, true, true])
  assert.match(readFileSync(metricsFile, 'utf8'), /loom_step_rows_total\{name="[^"]+\/a"\} 3/)
})

test('a folder that is given as a relative path starts at the working folder', async () => {
  const folder = relative(process.cwd(), place.folder)
  await (await ETLRunner.fromDict(spec('five'), {}, { ...settings, folder })).run(flow(makes('a')))
  assert.ok(isTable('five/raw/a'))
})

test('a YAML file that is none, is not there, or lies elsewhere is a fault that names it', async () => {
  const from = async (text: string) => await ETLRunner.fromYaml(place.file('bad.yaml', text), settings)
  await assert.rejects(from('a: [1'), { code: 'InvalidConfig', message: /^cannot use configuration ".*bad\.yaml": / })
  await assert.rejects(from('- 1'), { code: 'InvalidConfig', message: /it is no mapping/ })
  await assert.rejects(from('observability: {}'), { code: 'InvalidConfig', message: /no storage section/ })
  await assert.rejects(from('storages: {}'), { code: 'InvalidConfig', message: /did you mean "storage"\?/ })
  await assert.rejects(from('storage: {defaults: 3}'), CompilationError)
  await assert.rejects(from(toYaml(flow(makes('a')))), { code: 'InvalidConfig', message: /no ETLStorage/ })
  const two = `${toYaml(storage('x', {}))}---\n${toYaml(storage('y', {}))}`
  await assert.rejects(from(two), { code: 'InvalidConfig', message: /"x", "y"/ })
  const broken: unknown = await from(toYaml(storage('x', {})).replace('spec', 'sepc')).catch((error: unknown) => error)
  assert.ok(broken instanceof CompilationError)
  assert.deepEqual(
    broken.problems.map(({ code, path }) => ({ code, path })),
    [
      { code: 'MissingField', path: 'spec' },
      { code: 'UnknownField', path: 'sepc' },
    ],
  )
  await assert.rejects(ETLRunner.fromYaml('nowhere.yaml'), { kind: 'missing', code: 'FileNotFound' })
  await assert.rejects(ETLRunner.fromYaml('s3://bucket/x.yaml'), { code: 'InvalidConfig', message: /s3:\/\// })
})

test('plain objects are taken strictly: nothing is converted, nothing unknown is passed over', async () => {
  await (await ETLRunner.fromDict(spec('five'), { log: { enabled: false } }, settings)).run(flow(makes('a')))
  assert.ok(isTable('five/raw/a'))
  for (const wrong of [{ defaults: { tablePath: { uri: 3 } } }, { tabels: [] }, { missingTablePolicy: 'never' }, []])
    await assert.rejects(ETLRunner.fromDict(wrong), CompilationError, JSON.stringify(wrong))
  for (const wrong of [
    { log: { enabled: 'true' } },
    { log: 3 },
    { metricsFile: 7 },
    { lgo: {} },
    { log: { level: 1 } },
  ])
    await assert.rejects(ETLRunner.fromDict({}, wrong), { code: 'InvalidConfig' }, JSON.stringify(wrong))
})

test('a storage that places nothing where it can lie is refused before anything runs', async () => {
  const runner = await ETLRunner.fromConfig(spec('gs://bucket/lake'), undefined, settings)
  await assert.rejects(runner.run(flow(makes('a'))), CompilationError)
})

test('observers that are added hear of things after the configured ones (RUN-4)', async () => {
  const metricsFile = join(place.folder, 'order.prom')
  const seen: boolean[] = []
  const extra = { onEvent: () => undefined, flush: async () => void seen.push(existsSync(metricsFile)) }
  const extras = { ...settings, extraObservers: [extra] }
  await (await ETLRunner.fromConfig(spec('six'), { metricsFile }, extras)).run(flow(makes('a')))
  assert.deepEqual(seen, [true])
})

test('Spark comes later, and says so', async () => {
  await assert.rejects(ETLRunner.fromSpark({}), { kind: 'invalid', code: 'NotSupported', message: /later version/ })
  await assert.rejects(ETLRunner.fromConfig({}, undefined, { spark: {} }), { code: 'NotSupported' })
})
