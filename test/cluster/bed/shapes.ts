// Objects that tests of the cluster level need again and again, in their smallest lawful form, and what they wait for.

import { execFileSync } from 'node:child_process'
import type { Api } from './api.ts'
import type { ContainerSpec, ContainerState, Pod, PodSpec } from './node/pod.ts'
import { until } from './wait.ts'

export const NAMESPACE = 'default'
export const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`
export const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`

/** A container that runs a shell script. Kubernetes itself turns `$$` into `$` and `$(NAME)` into a variable's value. */
export function shell(script: string, more: Partial<ContainerSpec> = {}): ContainerSpec {
  return { name: 'main', image: 'shell', command: ['sh', '-c', script], ...more }
}

export function podSpec(container: ContainerSpec, more: Partial<PodSpec> = {}): PodSpec {
  return { restartPolicy: 'Never', automountServiceAccountToken: false, containers: [container], ...more } as PodSpec
}

export function pod(name: string, container: ContainerSpec, more: Partial<PodSpec> = {}): unknown {
  return { metadata: { name }, spec: podSpec(container, more) }
}

export function job(name: string, container: ContainerSpec, more: Record<string, unknown> = {}): unknown {
  return { metadata: { name }, spec: { backoffLimit: 0, template: { spec: podSpec(container) }, ...more } }
}

/** Waits until the pod is as `holds` says, and gives it. */
export async function podThat(api: Api, name: string, holds: (pod: Pod) => boolean | undefined): Promise<Pod> {
  let last: Pod | undefined
  const probe = async () => {
    last = await api.find<Pod>(`${PODS}/${name}`)
    return last !== undefined && holds(last) ? last : undefined
  }
  return await until(`pod "${name}" is as expected`, probe, { seen: () => last?.status })
}

export async function podIn(api: Api, name: string, phase: string): Promise<Pod> {
  return await podThat(api, name, (found) => found.status?.phase === phase)
}

/** State of the container (the first one, unless named). */
export function stateOf(found: Pod, container = found.spec.containers[0]?.name): ContainerState {
  const { initContainerStatuses = [], containerStatuses = [] } = found.status ?? {}
  return [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container)?.state ?? {}
}

export function condition(found: Pod, type: string): { status: string; reason: string | undefined } | undefined {
  const is = found.status?.conditions?.find((one) => one.type === type)
  return is && { status: is.status, reason: is.reason }
}

/** Reasons of the events about the object of that name, in the order they were recorded. */
export async function eventReasons(api: Api, name: string): Promise<readonly string[]> {
  const path = `/api/v1/namespaces/${NAMESPACE}/events?fieldSelector=involvedObject.name%3D${name}`
  return (await api.list<{ reason: string }>(path)).map(({ reason }) => reason)
}

/** kubectl is on many machines: tests that use it are skipped without it, but never in CI. */
export function kubectlIsThere(): boolean {
  if (process.env['CI'] !== undefined) return true
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
