// The product's image, built from its Dockerfile as `make image` builds it, as an archive that containerd imports.
// Run as a program it makes sure that the archive is there, and prints its path.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { BUILD_BASE, FETCH_BASE, makeBaseImages, RUN_BASE } from './base-images.ts'
import { buildah, IMAGE_CACHE, output, REPOSITORY } from './buildah.ts'

export const IMAGE = 'localhost/loom-operator:test'

/** All that the image is made of; the build is skipped where none of it has changed. */
const INPUTS = [
  'Dockerfile',
  '.dockerignore',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/prune-image.mjs',
  'scripts/image-extensions.txt',
  'src',
  'examples',
]

export async function productImage(say: (line: string) => void = tellOnStderr): Promise<string> {
  const folder = join(IMAGE_CACHE, inputsHash())
  const archive = join(folder, 'image.tar')
  if (existsSync(archive)) return archive
  const started = Date.now()
  say('Building the image.')
  await makeBaseImages()
  await build()
  // Earlier states of the sources are of no use any more.
  for (const name of readdirSync(IMAGE_CACHE))
    if (/^[0-9a-f]{16}$/.test(name)) rmSync(join(IMAGE_CACHE, name), { recursive: true })
  mkdirSync(folder, { recursive: true })
  await buildah('push', '--quiet', IMAGE, `docker-archive:${archive}.${process.pid}:${IMAGE}`)
  renameSync(`${archive}.${process.pid}`, archive)
  say(`Built in ${Math.round((Date.now() - started) / 1000)} s: ${Math.round(statSync(archive).size / 1e6)} MB.`)
  return archive
}

/** npm and pip in the build trust what the machine trusts, and have its settings. */
async function build(): Promise<void> {
  const mounts = ['/etc/ssl/certs:/etc/ssl/certs:ro']
  mounts.push(`${await output('npm', ['config', 'get', 'cache'])}:/root/.npm`)
  const settings = await output('npm', ['config', 'get', 'globalconfig'])
  if (existsSync(settings)) mounts.push(`${settings}:/usr/local/etc/npmrc:ro`)
  if (existsSync('/etc/pip.conf')) mounts.push('/etc/pip.conf:/etc/pip.conf:ro')
  await buildah(
    'build',
    '--quiet',
    '--pull-never',
    '--layers',
    ...mounts.flatMap((mount) => ['--volume', mount]),
    ...Object.entries({ BUILD_BASE, FETCH_BASE, RUN_BASE }).flatMap(([name, base]) => [
      '--build-arg',
      `${name}=${base}`,
    ]),
    ...['--tag', IMAGE, '.'],
  )
}

function inputsHash(): string {
  const hash = createHash('sha256')
  for (const input of INPUTS) {
    const path = join(REPOSITORY, input)
    const files = statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(input, name))
      : [input]
    for (const file of files.sort())
      if (statSync(join(REPOSITORY, file)).isFile())
        hash.update(`\n${file}\n`).update(readFileSync(join(REPOSITORY, file)))
  }
  return hash.digest('hex').slice(0, 16)
}

function tellOnStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}

if (import.meta.main) process.stdout.write(`${await productImage()}\n`)
