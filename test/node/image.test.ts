// What is in the image, and what is not.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { output, REPOSITORY } from './bed/buildah.ts'
import { productImage } from './bed/images.ts'

interface Config {
  architecture: string
  config: { User: string; Entrypoint: string[]; Labels: Record<string, string> }
}

const text = (file: string): string => readFileSync(join(REPOSITORY, file), 'utf8')

let folder: string
let config: Config
let layers: readonly string[]
let files: readonly string[]

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'loom-image-'))
  await output('tar', ['-xf', await productImage(), '-C', folder])
  const [manifest] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
  config = JSON.parse(readFileSync(join(folder, manifest.Config), 'utf8'))
  layers = manifest.Layers.map((layer: string) => join(folder, layer))
  files = (await Promise.all(layers.map((layer) => output('tar', ['-tf', layer])))).flatMap((list) => list.split('\n'))
})

after(() => rmSync(folder, { recursive: true, force: true }))

/** The text of a file of the image: of the uppermost layer that has it. */
async function read(file: string): Promise<string> {
  for (const layer of layers.toReversed()) {
    const found = await output('tar', ['-xOf', layer, file]).catch(() => '')
    if (found !== '') return found
  }
  throw new Error(`the image has no ${file}`)
}

it('runs loom, as a user without rights, and says what it is', () => {
  assert.equal(config.config.User, '65532:65532')
  const program = ['/app/node_modules/.bin/node', '/app/dist/cli/main.js']
  assert.deepEqual(config.config.Entrypoint, ['/usr/bin/tini', '--', ...program])
  assert.ok(files.includes('usr/bin/tini'))
  assert.equal(config.config.Labels['org.opencontainers.image.title'], 'loom-operator')
  assert.equal(config.config.Labels['org.opencontainers.image.licenses'], 'Apache-2.0')
})

it('has no shell, no package manager and nothing that only developers need', () => {
  const programs = files.filter((file) => /(^|\/)(sh|bash|dash|busybox|apt|dpkg|npm|npx|tsc|biome)$/.test(file))
  assert.deepEqual(programs, [])
  for (const name of ['typescript', 'fast-check', 'knip', '@biomejs', 'npm'])
    assert.ok(!files.some((file) => file.startsWith(`app/node_modules/${name}/`)), name)
  assert.ok(!files.some((file) => /\.(d\.ts|map)$/.test(file)))
})

it("has the engine's extension for S3, for just the engine that is in it", () => {
  const extensions = files.filter((file) => file.endsWith('.duckdb_extension'))
  assert.deepEqual(extensions, ['app/extensions/httpfs.duckdb_extension'])
  const { dependencies } = JSON.parse(text('package.json')) as { dependencies: Record<string, string> }
  const engine = dependencies['@duckdb/node-api']?.split('-')[0]
  assert.match(text('scripts/image-extensions.txt'), new RegExp(`^duckdb-extension-httpfs==${engine} `, 'm'))
})

it('has a bill of materials of just the packages that are in it, in the versions of the lock file', async () => {
  const bill = JSON.parse(await read('app/sbom.json')) as {
    serialNumber?: string
    components: { name: string; version: string }[]
  }
  assert.equal(bill.serialNumber, undefined)
  const packages = files.flatMap(
    (file) => /^app\/node_modules\/((?:@[^/]+\/)?[^/.]+[^/]*)\/package\.json$/.exec(file)?.[1] ?? [],
  )
  assert.ok(packages.includes('@duckdb/node-api') && packages.includes('undici'))
  const listed = new Set(bill.components.map(({ name }) => name))
  assert.deepEqual(
    packages.filter((name) => !listed.has(name)),
    [],
  )
  const lock = JSON.parse(text('package-lock.json')) as { packages: Record<string, { version: string }> }
  for (const { name, version } of bill.components)
    assert.ok(
      Object.entries(lock.packages).some(
        ([path, entry]) => path.endsWith(`node_modules/${name}`) && entry.version === version,
      ),
      `${name}@${version}`,
    )
})
