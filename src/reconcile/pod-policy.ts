// What a run may ask of its pods: only what its storage allows. Who may write runs can do nothing through a run that the
// owner of the storage did not allow (design §3).
import { POD_SETTINGS, type PodSettings, type StoragePods } from '../manifest/index.ts'
import { type Plan, stepsOf } from '../plan/index.ts'

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
