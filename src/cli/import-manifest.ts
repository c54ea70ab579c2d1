// Manifests that are written in TypeScript or JavaScript: a module's default export.
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { firstLine } from '../base/index.ts'
import { UsageError } from './io.ts'

const PACKAGE = 'loom-operator'
/** This package's own face: built or source, as this file is. */
const OWN_INDEX = new URL(`../index.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url).href

/**
 * The default export. `loom-operator` means the package that this command belongs to, wherever the module lies.
 * @param shown the path as the user wrote it
 * @throws UsageError
 */
export async function importManifest(path: string, shown: string): Promise<unknown> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === PACKAGE ? { url: OWN_INDEX, shortCircuit: true } : next(specifier, context),
  })
  const idle = nothingLeftToDo(shown)
  try {
    const exported = await Promise.race([defaultExport(path), idle.rejected])
    if (exported !== undefined) return exported
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown
    const why = thrown instanceof Error ? `${thrown.name}: ${firstLine(thrown.message)}` : String(thrown)
    throw new UsageError(`cannot load "${shown}": ${why}${placeIn(thrown, path)}; correct the module`)
  } finally {
    hooks.deregister()
    idle.forget()
  }
  throw new UsageError(`cannot load "${shown}": it has no default export; write: export default pipeline(…)`)
}

async function defaultExport(path: string): Promise<unknown> {
  const module: { default?: unknown } = await import(pathToFileURL(path).href)
  return await module.default
}

/** A promise that never settles keeps no process alive: Node would end without a word about the module. */
function nothingLeftToDo(shown: string): { rejected: Promise<never>; forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => undefined)
  const onIdle = () =>
    reject(new UsageError(`cannot load "${shown}": it waits for something that never comes; correct its await`))
  process.once('beforeExit', onIdle)
  return { rejected: promise, forget: () => process.off('beforeExit', onIdle) }
}

/** Where in the module, when the stack tells. */
function placeIn(thrown: unknown, path: string): string {
  if (!(thrown instanceof Error) || thrown.stack === undefined) return ''
  const at = thrown.stack.indexOf(path)
  const place = at < 0 ? null : /^:([0-9]+)/.exec(thrown.stack.slice(at + path.length))
  return place === null ? '' : ` (line ${place[1]})`
}
