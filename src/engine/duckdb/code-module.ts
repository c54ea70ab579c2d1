// Finds a code step's function, and tells of its errors where in the user's text they arose.
import { realpath, stat } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { isAbsolute, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { didYouMean, Fault, firstLine } from '../../base/index.ts'
import type { BodyPlan, StepPlan } from '../../plan/index.ts'
import type { CodeContext } from '../code.ts'

export type CodeStep = StepPlan & { body: Extract<BodyPlan, { kind: 'code' }> }

export interface CodeUnit {
  /** As it stands in stack traces. */
  url: string
  /** As users call it. */
  name: string
  /** The text, when it stands in the manifest. */
  inline: string | undefined
  run: (context: CodeContext) => unknown
}

/** @throws Fault invalid CodeOutsideRoot, CodeModuleMissing, CodeExportMissing, CodeNotLoaded */
export async function loadCode({ name, body }: CodeStep, moduleRoot: string): Promise<CodeUnit> {
  if ('inline' in body) return await loadInline(name, body.inline)
  const path = await modulePath(body.module, moduleRoot)
  // A long-lived process must see a module that has changed since it was last loaded.
  const url = pathToFileURL(path).href
  const loaded = await importModule(`${url}?changed=${(await stat(path)).mtimeMs}`, body.module)
  return { url, name: body.module, inline: undefined, run: functionOf(loaded, body.export, body.module) }
}

async function modulePath(module: string, moduleRoot: string): Promise<string> {
  const path = resolve(moduleRoot, module)
  const real = await realpath(path).catch(() => undefined)
  if (
    isAbsolute(module) ||
    isOutside(moduleRoot, path) ||
    (real !== undefined && isOutside(await realpath(moduleRoot), real))
  )
    throw new Fault({
      kind: 'invalid',
      code: 'CodeOutsideRoot',
      message: `cannot load module "${module}": it lies outside of the manifest's folder; move it below, and give its path from there`,
      at: { field: 'code.module' },
    })
  if (real !== undefined) return path
  throw new Fault({
    kind: 'invalid',
    code: 'CodeModuleMissing',
    message: `cannot load module "${module}": there is no such file in ${moduleRoot}; correct the path`,
    at: { field: 'code.module' },
  })
}

function isOutside(root: string, path: string): boolean {
  const way = relative(root, path)
  return way === '' || way === '..' || way.startsWith('../') || isAbsolute(way)
}

async function loadInline(step: string, text: string): Promise<CodeUnit> {
  const name = `inline code of step ${step}`
  const url = `inline:${encodeURIComponent(step)}`
  const place = { field: 'code.inline' }
  let script: string
  try {
    script = withoutTypes(text)
  } catch (thrown) {
    throw notLoaded(name, thrown, place)
  }
  const source = `data:text/javascript,${encodeURIComponent(`${script}\n//# sourceURL=${url}`)}`
  const loaded = await importModule(source, name, place)
  return { url, name, inline: text, run: functionOf(loaded, 'default', name) }
}

/** Types become white space, so that lines and columns stay. Node says that this is experimental: users can't act on that. */
function withoutTypes(text: string): string {
  const emit = process.emitWarning
  process.emitWarning = () => undefined
  try {
    return stripTypeScriptTypes(text, { mode: 'strip' })
  } finally {
    process.emitWarning = emit
  }
}

async function importModule(url: string, name: string, place = { field: 'code.module' }): Promise<object> {
  try {
    return (await import(url)) as object
  } catch (thrown) {
    throw notLoaded(name, thrown, place)
  }
}

function notLoaded(name: string, thrown: unknown, at: { field: string }): Fault {
  const why = thrown instanceof Error ? firstLine(thrown.message.trim()) : String(thrown)
  return new Fault({
    kind: 'invalid',
    code: 'CodeNotLoaded',
    message: `cannot load ${name}: ${why}`,
    at,
    cause: thrown,
  })
}

function functionOf(loaded: object, exported: string, name: string): (context: CodeContext) => unknown {
  const found: unknown = Reflect.get(loaded, exported)
  if (typeof found === 'function') return (context) => Reflect.apply(found, undefined, [context])
  const known = Object.keys(loaded)
  const why = found === undefined ? `it has no export "${exported}"` : `its export "${exported}" is no function`
  const has = known.length === 0 ? 'it exports nothing' : `it exports ${known.sort().join(', ')}`
  throw new Fault({
    kind: 'invalid',
    code: 'CodeExportMissing',
    message: `cannot use ${name}: ${why} (${has})${didYouMean(exported, known)}`,
    at: { field: name.startsWith('inline') ? 'code.inline' : 'code.export' },
  })
}

/** What user code threw, with the first place in the user's text that the stack names. */
export function codeFault(thrown: unknown, unit: CodeUnit, step: { name: string }): Fault {
  const where = placeIn(thrown instanceof Error ? (thrown.stack ?? '') : '', unit)
  const suffix = where === undefined ? '' : ` (${unit.name}:${where.line})`
  const at =
    unit.inline === undefined || where === undefined
      ? undefined
      : { field: 'code.inline', offset: offsetOf(unit.inline, where) }
  if (thrown instanceof Fault)
    return new Fault({
      kind: thrown.kind,
      code: thrown.code,
      message: `${thrown.message}${suffix}`,
      ...(at ? { at } : {}),
      cause: thrown,
    })
  const why = thrown instanceof Error ? firstLine(thrown.message) || thrown.name : `it threw ${String(thrown)}`
  return new Fault({
    kind: 'invalid',
    code: 'CodeStepFailed',
    message: `cannot run the code of step "${step.name}": ${why}${suffix}`,
    ...(at ? { at } : {}),
    cause: thrown,
  })
}

interface TextPlace {
  line: number
  column: number
}

function placeIn(stack: string, { url }: CodeUnit): TextPlace | undefined {
  for (const frame of stack.split('\n')) {
    const start = frame.indexOf(url)
    const place = start < 0 ? null : /^(?:\?[^:]*)?:(\d+):(\d+)/.exec(frame.slice(start + url.length))
    if (place !== null) return { line: Number(place[1]), column: Number(place[2]) }
  }
  return undefined
}

function offsetOf(text: string, { line, column }: TextPlace): number {
  let start = 0
  for (let i = 1; i < line; i++) start = text.indexOf('\n', start) + 1
  return start + column - 1
}
