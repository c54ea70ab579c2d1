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

/** Whether two values have the same canonical text, told without making it: an undefined member is as good as none. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false
    return one.every((item, i) => isSameJson(item, other[i]))
  }
  return isSameObject(one as Record<string, unknown>, other as Record<string, unknown>)
}

function isSameObject(one: Record<string, unknown>, other: Record<string, unknown>): boolean {
  let members = 0
  for (const key of Object.keys(one)) {
    if (one[key] === undefined) continue
    if (!Object.hasOwn(other, key) || !isSameJson(one[key], other[key])) return false
    members += 1
  }
  for (const key of Object.keys(other)) if (other[key] !== undefined) members -= 1
  return members === 0
}
