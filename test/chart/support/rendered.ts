// What `helm template` makes of the chart, as objects.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { findHelm } from '../bed/helm.ts'
import { CHART, NAMESPACE, RELEASE } from '../bed/release.ts'

const run = promisify(execFile)

/** The newest Kubernetes that the tests know; a Helm of one's own may know an older one. */
export const KUBERNETES = '1.34.0'

export interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
  }
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails where it is not there
  readonly [field: string]: any
}

/** `values` are JSON by path, like `{'image.tag': 'x', watchNamespaces: ['a']}`. */
export async function render(values: Record<string, unknown> = {}): Promise<readonly Rendered[]> {
  const { stdout } = await template(values)
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null)
}

/** @returns what Helm says instead of rendering */
export async function refusal(values: Record<string, unknown>): Promise<string> {
  try {
    await template(values)
  } catch (thrown) {
    return (thrown as { stderr: string }).stderr
  }
  throw new Error(`helm takes ${JSON.stringify(values)}`)
}

async function template(values: Record<string, unknown>): Promise<{ stdout: string }> {
  const sets = Object.entries(values).flatMap(([path, value]) => ['--set-json', `${path}=${JSON.stringify(value)}`])
  const where = ['--namespace', NAMESPACE, '--kube-version', KUBERNETES]
  return await run(await findHelm(), ['template', RELEASE, CHART, ...where, ...sets], { maxBuffer: 16 * 1024 ** 2 })
}

export async function lint(): Promise<string> {
  const { stdout } = await run(await findHelm(), ['lint', '--strict', '--kube-version', KUBERNETES, CHART])
  return stdout
}

/** The one object of a kind (and name). */
export function only(objects: readonly Rendered[], kind: string, name?: string): Rendered {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  )
  const [object] = found
  if (object === undefined || found.length > 1)
    throw new Error(`there are ${found.length} of ${kind} ${name ?? ''}: ${found.map(({ metadata }) => metadata.name)}`)
  return object
}

export const kinds = (objects: readonly Rendered[]): string[] => [...new Set(objects.map(({ kind }) => kind))].sort()
