// JSON as a type, and its one canonical text, over which hashes are taken.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * The canonical text of a value: keys sorted by code unit, no white space, undefined members left out (RFC 8785 for the
 * values that occur here: no numbers beyond what JSON.stringify writes the same way everywhere).
 * @throws TypeError for what is not JSON (bigint, function, non-finite number)
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON has no ${value}`)
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object') throw new TypeError(`canonical JSON has no ${typeof value}`)
  let members = ''
  // Without a comparison of its own, sort goes by code unit, and fast.
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key]
    if (member !== undefined) members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`
  }
  return `{${members}}`
}
