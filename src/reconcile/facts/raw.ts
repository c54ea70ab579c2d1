// Reads raw objects of the API without trusting their shape: a poisoned object becomes a fact, never a throw.

export type Raw = Record<string, unknown>

export const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The member at a path of keys and indices, or undefined. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let found = value
  for (const key of path) {
    if (typeof key === 'number') found = Array.isArray(found) ? found[key] : undefined
    else found = isRaw(found) ? found[key] : undefined
  }
  return found
}

export const textAt = (value: unknown, ...path: (string | number)[]): string | undefined => {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : undefined
}

export const numberAt = (value: unknown, ...path: (string | number)[]): number | undefined => {
  const found = at(value, ...path)
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined
}

export const listAt = (value: unknown, ...path: (string | number)[]): Raw[] => {
  const found = at(value, ...path)
  return Array.isArray(found) ? found.filter(isRaw) : []
}

/** Milliseconds since the epoch of an RFC 3339 text, or undefined. */
export const timeAt = (value: unknown, ...path: (string | number)[]): number | undefined => {
  const text = textAt(value, ...path)
  const ms = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}
