// loom extensions: fetches extensions of the engine, and lists those that are there.
import { resolve } from 'node:path'
import { EXIT, type Io, UsageError } from '../io.ts'

export async function extensionsCommand(args: readonly string[], folder: string | undefined, io: Io): Promise<number> {
  const { defaultExtensionsFolder, installExtension, installedExtensions } = await import('../../engine/index.ts')
  const place = resolve(io.cwd, folder ?? io.env['LOOM_EXTENSIONS'] ?? defaultExtensionsFolder())
  const [verb, ...names] = args
  if (verb === 'list' && names.length === 0) {
    const found = await installedExtensions(place)
    io.out(found.map((name) => `${name}\n`).join(''))
    io.err(`${found.length === 0 ? 'none' : found.length} in ${place}\n`)
    return EXIT.succeeded
  }
  if (verb !== 'install' || names.length === 0)
    throw new UsageError(
      'cannot go on: say what to do; for example: loom extensions install httpfs, or: loom extensions list',
    )
  for (const name of names) io.out(`installed ${await installExtension(name, place)}\n`)
  return EXIT.succeeded
}
