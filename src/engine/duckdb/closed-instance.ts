// Opens an engine instance and closes it to the world.
// I1 Before any text of a user is run, the instance can reach what was declared and nothing else, can load no extension
//    and can change no setting (design §5).
// I2 Every connection speaks UTC.
import { access } from 'node:fs/promises'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { Fault } from '../../base/index.ts'
import type { ObjectStoreBinding } from '../../plan/index.ts'
import { textLiteral } from '../../step/index.ts'
import { missingExtension } from './errors.ts'
import { defaultExtensionsFolder, extensionFile } from './extension-files.ts'
import type { Limits } from './limits.ts'
import { bucketsOf, openS3 } from './s3-access.ts'

/** What an instance may reach. */
export interface Reach {
  folders: string[]
  files: string[]
  extensions: string[]
  /** How those folders and files are reached that are in an object store. */
  objectStore?: ObjectStoreBinding | undefined
  /** For spilling only; made when it is needed. SQL can reach it too, so nothing else may lie in it. */
  spillFolder: string
}

export interface OpenInstance {
  instance: DuckDBInstance
  main: DuckDBConnection
}

/** Not closed to anything yet. Takes about 10 ms. */
export async function openInstance({ memory, threads }: Limits): Promise<OpenInstance> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: memory,
    threads: String(threads),
    errors_as_json: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  })
  const main = await instance.connect()
  await main.run("SET GLOBAL TimeZone = 'UTC'; SET enable_progress_bar = true; SET enable_progress_bar_print = false")
  return { instance, main }
}

/** @param extensionsFolder folder of `NAME.duckdb_extension` files. @throws Fault missing ExtensionMissing, denied ExtensionRefused */
export async function closeToWorld(
  { main }: OpenInstance,
  { folders, files, extensions, spillFolder, objectStore }: Reach,
  { extensionsFolder, settings = [] }: { extensionsFolder: string | undefined; settings?: string[] },
): Promise<void> {
  for (const name of extensions) await loadExtension(main, name, extensionsFolder)
  const buckets = bucketsOf([...folders, ...files])
  if (buckets.length > 0) await openS3(main, buckets, objectStore)
  const list = (paths: string[]) => `[${[...new Set(paths)].map(textLiteral).join(', ')}]`
  const statements = [
    ...settings.map((setting) => `SET ${setting}`),
    `SET temp_directory = ${textLiteral(spillFolder)}`,
    `SET allowed_directories = ${list(folders)}`,
    // a folder is not below itself: the engine would not write files into it
    `SET allowed_paths = ${list([...files, ...folders])}`,
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ]
  await main.run(statements.join('; '))
}

/** Blocks for 2 ms or so. */
export function endInstance({ instance, main }: OpenInstance): void {
  main.closeSync()
  instance.closeSync()
}

async function loadExtension(
  connection: DuckDBConnection,
  name: string,
  folder = defaultExtensionsFolder(),
): Promise<void> {
  const path = extensionFile(folder, name)
  if (!(await exists(path))) throw new Fault(missingExtension(name))
  await connection.run(`LOAD ${textLiteral(path)}`).catch((cause: unknown) => {
    throw new Fault({
      kind: 'denied',
      code: 'ExtensionRefused',
      message: `cannot use the engine's ${name} extension: the engine does not take "${path}": it is damaged, or made for another version; install it anew with: loom extensions install ${name}`,
      cause,
    })
  })
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
