// A capability table against the cases there are for it.
import { type Capability, SUPPORTED } from '../../src/plan/index.ts'

/** Names of what is claimed and has no case, and of cases for what is not claimed. */
export function unproved<Name extends string>(
  claims: Record<Name, Capability>,
  cases: Partial<Record<Name, unknown>>,
): string[] {
  const names = Object.keys(claims) as Name[]
  return names
    .filter((name) => (claims[name] === SUPPORTED) !== (cases[name] !== undefined))
    .map((name) => (claims[name] === SUPPORTED ? `${name} has no case` : `${name} has a case and is not claimed`))
}
