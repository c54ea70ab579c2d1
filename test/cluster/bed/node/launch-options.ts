// How a container is to be started: what its own settings, its pod's and its image's come to.

import { join } from 'node:path'
import type { Surroundings } from './container.ts'
import { commandLine, environmentOf } from './environment.ts'
import type { Image } from './images.ts'
import type { Bind, Launch } from './launch.ts'
import { type ContainerSpec, type Pod, podKey } from './pod.ts'
import { MissingReference } from './references.ts'
import type { ContainerRecord } from './status.ts'

const DEFAULT_MESSAGE_PATH = '/dev/termination-log'

/** @throws MissingReference when something that it refers to is not there, or a rule of the pod forbids to start it */
export async function launchOptions(
  { spec, restartCount }: ContainerRecord,
  image: Image,
  around: Surroundings,
): Promise<Launch> {
  const { pod, references, nodeEnv, folder } = around
  const user = userOf(pod, spec, image)
  const base = new Map([...nodeEnv, ['HOME', user.uid === 0 ? '/root' : '/'], ...Object.entries(image.env ?? {})])
  const env = await environmentOf(spec, references, base)
  const command = commandLine(spec, image.entrypoint ?? [], env)
  if (command.length === 0)
    throw new MissingReference(`failed to generate container spec: no command specified`, 'CreateContainerError')
  return {
    id: `${pod.metadata.uid}-${spec.name}-${restartCount}`,
    folder: join(folder, `${spec.name}-${restartCount}`),
    command,
    env,
    workingDir: spec.workingDir ?? image.workingDir ?? '/',
    binds: [...imageBinds(image), ...volumeBinds(spec, around)],
    readOnlyRoot: spec.securityContext?.readOnlyRootFilesystem ?? false,
    user,
    capabilities: spec.securityContext?.capabilities?.drop?.includes('ALL') === true ? 'none' : 'default',
    terminationMessagePath: spec.terminationMessagePath ?? DEFAULT_MESSAGE_PATH,
  }
}

function imageBinds(image: Image): readonly Bind[] {
  return Object.entries(image.folders ?? {}).map(([target, source]) => ({ source, target, readOnly: true }))
}

function volumeBinds(spec: ContainerSpec, { volumes }: Surroundings): readonly Bind[] {
  return (spec.volumeMounts ?? []).map(({ name, mountPath, subPath, readOnly }) => {
    const place = volumes.get(name)
    if (place === undefined) throw new MissingReference(`volume "${name}" of the mount at ${mountPath} is not there`)
    return {
      source: join(place.folder, subPath ?? ''),
      target: mountPath,
      readOnly: (readOnly ?? false) || place.readOnly,
    }
  })
}

function userOf(pod: Pod, spec: ContainerSpec, image: Image): Launch['user'] {
  const settings = { ...pod.spec.securityContext, ...spec.securityContext }
  const uid = settings.runAsUser ?? image.user ?? 0
  if (uid === 0 && settings.runAsNonRoot === true)
    throw new MissingReference(rootRefused(pod, spec, settings.runAsUser === 0))
  const { fsGroup, supplementalGroups = [] } = pod.spec.securityContext ?? {}
  const groups = [...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups]
  return { uid, gid: settings.runAsGroup ?? 0, groups }
}

function rootRefused(pod: Pod, spec: ContainerSpec, isAsked: boolean): string {
  const what = isAsked
    ? "container's runAsUser breaks non-root policy"
    : 'container has runAsNonRoot and image will run as root'
  return `${what} (pod: "${podKey(pod)}(${pod.metadata.uid})", container: ${spec.name})`
}
