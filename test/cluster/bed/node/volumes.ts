// A pod's volumes as folders of the host. ConfigMaps, Secrets and the like are laid out as the kubelet does it (a hidden folder
// with the files, `..data` leading to it, one link per file), because programs trip over that.

import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DownwardItem, KeysSource, Projection, Volume } from './pod.ts'
import { type Data, MissingReference, type References } from './references.ts'

export interface Place {
  readonly folder: string
  readonly readOnly: boolean
}

interface File {
  readonly path: string
  readonly content: Buffer
  readonly mode: number
}

const DEFAULT_MODE = 0o644

/** Makes the volume's folder below `parent`. @throws MissingReference when what it refers to is not there. */
export async function layOut(volume: Volume, references: References, parent: string): Promise<Place> {
  const folder = join(parent, volume.name)
  if (volume.emptyDir !== undefined) return { folder: emptyFolder(folder, references), readOnly: false }
  if (volume.hostPath !== undefined) return { folder: hostFolder(volume.hostPath), readOnly: false }
  if (volume.persistentVolumeClaim !== undefined) {
    const { claimName, readOnly = false } = volume.persistentVolumeClaim
    return { folder: await references.claimFolder(claimName), readOnly }
  }
  writeFiles(folder, await filesOf(volume, references), references)
  return { folder, readOnly: true }
}

async function filesOf(volume: Volume, references: References): Promise<readonly File[]> {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap !== undefined)
    return pick('config', await references.configMap(configMap), configMap, configMap.defaultMode)
  if (secret !== undefined) {
    const data = await references.secret({ ...secret, name: secret.secretName })
    return pick('secret', data, secret, secret.defaultMode)
  }
  if (downwardAPI !== undefined) return downwardFiles(downwardAPI.items, references, downwardAPI.defaultMode)
  if (projected === undefined)
    throw new MissingReference(`the process node does not know the type of volume "${volume.name}"`)
  const parts = projected.sources.map((source) => projectedFiles(source, references, projected.defaultMode))
  return (await Promise.all(parts)).flat()
}

async function projectedFiles(
  source: Projection,
  references: References,
  mode = DEFAULT_MODE,
): Promise<readonly File[]> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source
  if (configMap !== undefined) return pick('config', await references.configMap(configMap), configMap, mode)
  if (secret !== undefined) return pick('secret', await references.secret(secret), secret, mode)
  if (downwardAPI !== undefined) return downwardFiles(downwardAPI.items, references, mode)
  if (serviceAccountToken === undefined) return []
  const content = Buffer.from(await references.token(serviceAccountToken))
  return [{ path: serviceAccountToken.path, content, mode: 0o644 }]
}

function pick(
  kind: 'config' | 'secret',
  data: Data | undefined,
  source: KeysSource,
  mode = DEFAULT_MODE,
): readonly File[] {
  if (source.items === undefined) return [...(data ?? [])].map(([path, content]) => ({ path, content, mode }))
  return source.items.flatMap((item) => {
    const content = data?.get(item.key)
    if (content !== undefined) return [{ path: item.path, content, mode: item.mode ?? mode }]
    if (source.optional === true) return []
    throw new MissingReference(`references non-existent ${kind} key: ${item.key}`)
  })
}

function downwardFiles(
  items: readonly DownwardItem[] | undefined,
  references: References,
  mode = DEFAULT_MODE,
): readonly File[] {
  return (items ?? []).map(({ path, fieldRef, resourceFieldRef }) => {
    const field = fieldRef === undefined ? undefined : references.field(fieldRef)
    const resource = resourceFieldRef === undefined ? '' : references.resource(resourceFieldRef, undefined)
    return { path, content: Buffer.from(field ?? resource), mode }
  })
}

function emptyFolder(folder: string, references: References): string {
  const group = references.pod.spec.securityContext?.fsGroup
  mkdirSync(folder, { recursive: true })
  if (group !== undefined) chownSync(folder, 0, group)
  // Whoever the container runs as may write; mkdir's mode would be cut by the umask.
  chmodSync(folder, group === undefined ? 0o777 : 0o2777)
  return folder
}

function hostFolder({ path, type = '' }: { path: string; type?: string }): string {
  if (type.endsWith('OrCreate')) mkdirSync(type === 'FileOrCreate' ? dirname(path) : path, { recursive: true })
  if (type === 'FileOrCreate') writeFileSync(path, '', { flag: 'a' })
  const found = statSync(path, { throwIfNoEntry: false })
  if (type.startsWith('Directory') && found?.isDirectory() !== true)
    throw new MissingReference(`hostPath type check failed: ${path} is not a directory`)
  if (type.startsWith('File') && found?.isFile() !== true)
    throw new MissingReference(`hostPath type check failed: ${path} is not a file`)
  // Without a type a container runtime makes the folder.
  if (found === undefined) mkdirSync(path, { recursive: true })
  return path
}

function writeFiles(folder: string, files: readonly File[], references: References): void {
  const version = `..${new Date().toISOString().replaceAll(/[-:.]/g, '_')}`
  mkdirSync(join(folder, version), { recursive: true })
  for (const { path, content, mode } of files) {
    const file = join(folder, version, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    giveTo(file, mode, references)
  }
  symlinkSync(version, join(folder, '..data'))
  const tops = new Set(files.map(({ path }) => path.split('/')[0] ?? path))
  for (const top of tops) symlinkSync(join('..data', top), join(folder, top))
}

/** The group of `fsGroup` may read what the owner may. */
function giveTo(file: string, mode: number, references: References): void {
  const group = references.pod.spec.securityContext?.fsGroup
  if (group !== undefined) chownSync(file, 0, group)
  chmodSync(file, group === undefined ? mode : mode | ((mode & 0o400) >> 3))
}
