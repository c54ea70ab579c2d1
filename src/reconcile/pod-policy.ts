// What a run may ask of its pods: only what its storage allows. Who may write runs can do nothing through a run that the
// owner of the storage did not allow (design §3).

import { isObjectUri } from '../base/index.ts'
import { POD_SETTINGS, type PodSettings, type StoragePods } from '../manifest/index.ts'
import { type FileLocation, type Plan, type StepPlan, stepsOf } from '../plan/index.ts'

/** One line for each thing that is not allowed; empty: all is. */
export function policyProblems(plan: Plan, asked: PodSettings, storage: StoragePods): string[] {
  const problems = settingProblems('spec.step', asked, storage)
  const code = stepsOf(plan).find(({ body }) => body.kind === 'code')
  if (code !== undefined && storage.allowCode !== true) {
    problems.push(
      `step "${code.process}/${code.name}" runs code, which the storage does not allow; its owner can set spec.pods.allowCode`,
    )
  }
  return problems
}

/**
 * One line for each file of the pod that a step names and the storage does not: a pod holds more than is meant for its steps (its
 * plan, the credentials of workers). A path is let in below the root of files, if the storage names one, and below what it mounts.
 */
export function fileProblems(plan: Plan, fileRoot: string, storage: StoragePods): string[] {
  const roots = [
    ...(fileRoot === '/' ? [] : [fileRoot]),
    ...(storage.volumeMounts ?? []).map(({ mountPath }) => mountPath),
  ]
  return stepsOf(plan).flatMap((step) =>
    filesOf(step)
      .map((path) => (path.startsWith('/') || isObjectUri(path) ? path : `${fileRoot}/${path}`))
      .filter((path) => !isObjectUri(path) && !roots.some((root) => isBelow(path, root)))
      .map(
        (path) =>
          `step "${step.process}/${step.name}" names "${path}", which is neither below spec.defaults.filePath of the storage nor below what it mounts; its owner can list it in spec.files`,
      ),
  )
}

/** Paths that steps name themselves. */
function filesOf({ sources, target }: StepPlan): string[] {
  const locations: FileLocation[] = sources.flatMap((source) => (source.kind === 'file' ? [source.location] : []))
  if (target.kind === 'file') locations.push(target.location)
  return locations.flatMap((location) => ('path' in location ? [location.path] : []))
}

/** Wildcards stand for names: what would lead up from behind one is outside, wherever it leads. */
function isBelow(path: string, root: string): boolean {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..' && kept.some((name) => /[*?[{]/.test(name))) return false
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const names = root.split('/').filter((name) => name !== '' && name !== '.')
  return names.every((name, i) => kept[i] === name)
}

/** One line for each setting that is not allowed. @param field where they are asked for */
export function settingProblems(field: string, asked: PodSettings, storage: StoragePods): string[] {
  const allowed = new Set<string>(storage.allow ?? [])
  const refused = POD_SETTINGS.filter(
    (setting) => setting !== 'image' && asked[setting] !== undefined && !allowed.has(setting),
  )
  const problems = refused.map(
    (setting) => `${field}.${setting} is not allowed by the storage; its owner can add it to spec.pods.allow`,
  )
  if (asked.image !== undefined && !imageAllowed(asked.image, storage.allowedImages ?? [])) {
    problems.push(
      `image "${asked.image}" is not allowed by the storage; its owner can add it to spec.pods.allowedImages`,
    )
  }
  return problems
}

/** `*` stands for anything, also for slashes and tags. */
export function imageAllowed(image: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const [first = '', ...rest] = pattern.split('*')
    if (rest.length === 0) return image === first
    if (!image.startsWith(first)) return false
    let at = first.length
    for (const [i, piece] of rest.entries()) {
      const last = i === rest.length - 1
      const found = last ? Math.max(at, image.length - piece.length) : image.indexOf(piece, at)
      if (found < at || !image.startsWith(piece, found)) return false
      at = found + piece.length
    }
    return true
  })
}

/** The run's settings over the storage's, as far as allowed; maps are merged, the run's members win. */
export function settingsOf(asked: PodSettings, storage: StoragePods): PodSettings {
  const allowed = new Set<string>(storage.allow ?? [])
  const settings: PodSettings = {}
  for (const name of POD_SETTINGS) {
    const own = storage[name]
    const wish = name === 'image' || allowed.has(name) ? asked[name] : undefined
    const merged =
      isMap(own) && isMap(wish) && name !== 'affinity' && name !== 'resources' ? { ...own, ...wish } : (wish ?? own)
    if (merged !== undefined) Object.assign(settings, { [name]: merged })
  }
  return settings
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
