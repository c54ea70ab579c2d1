// The environment and the command line that a container's process gets.

import type { ContainerSpec, EnvVar } from './pod.ts'
import type { Data, References } from './references.ts'

export type Environment = ReadonlyMap<string, string>

/** Everything that the pod says about the container's environment, upon what the image and the node give (`base`). */
export async function environmentOf(
  container: ContainerSpec,
  references: References,
  base: Environment,
): Promise<Environment> {
  const env = new Map(base)
  for (const from of container.envFrom ?? []) {
    const data = await dataOf(from, references)
    for (const [key, value] of data ?? []) env.set(`${from.prefix ?? ''}${key}`, value.toString('utf8'))
  }
  for (const variable of container.env ?? []) {
    const value = await variableValue({ variable, container, references, env })
    if (value !== undefined) env.set(variable.name, value)
  }
  return env
}

async function dataOf(
  from: NonNullable<ContainerSpec['envFrom']>[number],
  references: References,
): Promise<Data | undefined> {
  if (from.configMapRef !== undefined) return await references.configMap(from.configMapRef)
  return from.secretRef === undefined ? undefined : await references.secret(from.secretRef)
}

interface ValueParts {
  readonly variable: EnvVar
  readonly container: ContainerSpec
  readonly references: References
  readonly env: Environment
}

async function variableValue({ variable, container, references, env }: ValueParts): Promise<string | undefined> {
  const from = variable.valueFrom
  if (from === undefined) return expand(variable.value ?? '', env)
  if (from.fieldRef !== undefined) return references.field(from.fieldRef)
  if (from.resourceFieldRef !== undefined) return references.resource(from.resourceFieldRef, container)
  if (from.configMapKeyRef !== undefined) return await references.key('ConfigMap', from.configMapKeyRef)
  return from.secretKeyRef === undefined ? '' : await references.key('Secret', from.secretKeyRef)
}

/** `$(NAME)` gives the value of a variable that stands before; `$$(NAME)` gives `$(NAME)`; an unknown name stays as it is. */
export function expand(text: string, env: Environment): string {
  return text.replaceAll(/\$\$|\$\(([^()]+)\)/g, (found, name: string | undefined) => {
    if (name === undefined) return '$'
    return env.get(name) ?? found
  })
}

/** `command` takes the place of the image's entry point, `args` follow. */
export function commandLine(
  container: ContainerSpec,
  entrypoint: readonly string[],
  env: Environment,
): readonly string[] {
  const words = [...(container.command ?? entrypoint), ...(container.args ?? [])]
  return words.map((word) => expand(word, env))
}
