// The images that the Dockerfile starts from, made of Debian packages and tagged with the names that `FROM` uses, so that the real
// Dockerfile can be built where no image registry is to be had. They stand in for the public ones: the same distribution, the same
// libraries, Node of the same major version; not the same bytes.
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildah, hasImage, output, REPOSITORY } from './buildah.ts'

/** As the Dockerfile's arguments say. */
export const BUILD_BASE = 'docker.io/library/node:24-bookworm-slim'
export const FETCH_BASE = 'docker.io/library/python:3.13-slim-bookworm'
export const RUN_BASE = 'gcr.io/distroless/cc-debian12:nonroot'

const SUITE = 'bookworm'
const PASSWD = 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n'
const GROUP = 'root:x:0:\nnonroot:x:65532:\n'
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'

/** Makes the ones that are missing. */
export async function makeBaseImages(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'loom-base-'))
  try {
    if (!(await hasImage(BUILD_BASE))) await makeBuildBase(folder)
    if (!(await hasImage(FETCH_BASE))) await makeFetchBase(folder)
    if (!(await hasImage(RUN_BASE))) await makeRunBase(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A small Debian with Node and npm. */
async function makeBuildBase(folder: string): Promise<void> {
  const root = join(folder, 'build.tar')
  await debootstrap(root, ['--variant=minbase', '--include=ca-certificates'])
  await fromScratch(BUILD_BASE, async (container) => {
    await buildah('add', '--quiet', container, root, '/')
    await buildah('copy', '--quiet', container, join(REPOSITORY, 'node_modules/.bin/node'), '/usr/local/bin/node')
    await buildah('copy', '--quiet', container, await npmFolder(folder), '/usr/local/lib/node_modules/npm')
    const link = 'ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm'
    await buildah('run', container, '--', 'sh', '-c', `${link} && node --version && npm --version`)
  })
}

/** A small Debian with pip. */
async function makeFetchBase(folder: string): Promise<void> {
  const root = join(folder, 'fetch.tar')
  await debootstrap(root, ['--variant=minbase', '--include=ca-certificates,python3-pip'])
  await fromScratch(FETCH_BASE, (container) => buildah('add', '--quiet', container, root, '/'))
}

/** The machine's npm, or, where its parts are strewn over the machine, the same version in one folder. */
async function npmFolder(folder: string): Promise<string> {
  const own = join(realpathSync(await output('which', ['npm'])), '../..')
  if (existsSync(join(own, 'node_modules'))) return own
  await output('npm', [
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    `npm@${await output('npm', ['--version'])}`,
  ])
  return join(folder, 'node_modules/npm')
}

/** The libraries that Node needs, certificates, and a user; nothing that could be run. */
async function makeRunBase(folder: string): Promise<void> {
  const root = join(folder, 'run.tar')
  await debootstrap(root, ['--variant=extract', '--include=libc6,libgcc-s1,libstdc++6'])
  writeFileSync(join(folder, 'passwd'), PASSWD)
  writeFileSync(join(folder, 'group'), GROUP)
  await fromScratch(RUN_BASE, async (container) => {
    await buildah('add', '--quiet', container, root, '/')
    for (const file of ['passwd', 'group'])
      await buildah('copy', '--quiet', container, join(folder, file), `/etc/${file}`)
    await buildah('copy', '--quiet', container, CERTIFICATES, CERTIFICATES)
    await buildah('config', '--user', '65532', '--env', `SSL_CERT_FILE=${CERTIFICATES}`, container)
  })
}

async function debootstrap(tar: string, args: readonly string[]): Promise<void> {
  const sources = '/etc/apt/sources.list.d/debian.sources'
  const from = existsSync(sources) ? sources : 'http://deb.debian.org/debian'
  await output('mmdebstrap', ['--quiet', ...args, SUITE, tar, from])
}

async function fromScratch(name: string, fill: (container: string) => Promise<unknown>): Promise<void> {
  const container = await buildah('from', 'scratch')
  try {
    await fill(container)
    await buildah('commit', '--quiet', container, name)
  } finally {
    await buildah('rm', container)
  }
}
