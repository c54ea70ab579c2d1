// The engine's extensions as files: where they lie, and how they come there. They are built for one version of the engine and
// signed; the engine checks both when it loads one.
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DuckDBInstance, version } from '@duckdb/node-api'
import { Fault, firstLine } from '../../base/index.ts'
import { identifier, textLiteral } from '../../step/index.ts'

const NAME = /^[a-z][a-z0-9_]*$/
const SUFFIX = '.duckdb_extension'
const INSTALL_MS = 300_000

/** LOOM_EXTENSIONS, else below the user's home. */
export const defaultExtensionsFolder = (): string =>
  process.env['LOOM_EXTENSIONS'] ?? join(homedir(), '.loom', 'extensions', engineVersion())

export const extensionFile = (folder: string, name: string): string => join(folder, name + SUFFIX)

/** `v1.5.5` */
const engineVersion = (): string => version()

/** Names of what is in the folder, sorted. */
export async function installedExtensions(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.flatMap((name) => (name.endsWith(SUFFIX) ? [name.slice(0, -SUFFIX.length)] : [])).sort()
}

/**
 * Fetches an extension into the folder: by the engine itself, else as a Python package by pip. It is loaded once before it
 * takes its place, so that a broken or foreign file never does.
 * @returns the file
 * @throws Fault invalid UnknownExtension, transient ExtensionNotFetched, denied ExtensionRefused
 */
export async function installExtension(name: string, folder: string): Promise<string> {
  if (!NAME.test(name))
    throw new Fault({
      kind: 'invalid',
      code: 'UnknownExtension',
      message: `cannot install extension "${name}": that is no extension's name; give one like httpfs`,
    })
  const scratch = await mkdtemp(join(tmpdir(), 'loom-extension-'))
  try {
    const fetched = await fetchInto(name, scratch)
    await assertLoads(name, fetched)
    await mkdir(folder, { recursive: true })
    const file = extensionFile(folder, name)
    await copyFile(fetched, `${file}.part`)
    await rename(`${file}.part`, file)
    return file
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function fetchInto(name: string, scratch: string): Promise<string> {
  const failures: string[] = []
  for (const fetch of [byEngine, byPip]) {
    try {
      await fetch(name, scratch)
      const file = (await readdir(scratch, { recursive: true })).find((path) => path.endsWith(`/${name}${SUFFIX}`))
      if (file !== undefined) return join(scratch, file)
      failures.push('it is not where it was to be')
    } catch (thrown) {
      failures.push(reasonOf(thrown))
    }
  }
  throw new Fault({
    kind: 'transient',
    code: 'ExtensionNotFetched',
    message: `cannot install extension "${name}" for engine ${engineVersion()}: by the engine itself: ${failures[0]}; by pip: ${failures[1]}; check the network, or put ${name}${SUFFIX} into the folder yourself`,
  })
}

async function byEngine(name: string, scratch: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { extension_directory: join(scratch, 'engine') })
  try {
    const connection = await instance.connect()
    await connection.run(`INSTALL ${identifier(name)}`)
    connection.closeSync()
  } finally {
    instance.closeSync()
  }
}

async function byPip(name: string, scratch: string): Promise<void> {
  const wheel = `duckdb-extension-${name.replaceAll('_', '-')}==${engineVersion().slice(1)}`
  const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:']
  const target = ['--target', join(scratch, 'pip')]
  await promisify(execFile)('python3', ['-m', 'pip', 'install', ...options, ...target, wheel], { timeout: INSTALL_MS })
}

async function assertLoads(name: string, file: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  try {
    const connection = await instance.connect()
    await connection.run(`LOAD ${textLiteral(file)}`)
    connection.closeSync()
  } catch (thrown) {
    throw new Fault({
      kind: 'denied',
      code: 'ExtensionRefused',
      message: `cannot install extension "${name}": the engine does not load it: ${reasonOf(thrown)}; fetch the one of engine ${engineVersion()}`,
    })
  } finally {
    instance.closeSync()
  }
}

function reasonOf(thrown: unknown): string {
  const stderr = typeof thrown === 'object' && thrown !== null && 'stderr' in thrown ? String(thrown.stderr).trim() : ''
  const last = stderr.split('\n').at(-1) ?? ''
  return last === '' ? firstLine(thrown instanceof Error ? thrown.message : String(thrown)) : last
}
