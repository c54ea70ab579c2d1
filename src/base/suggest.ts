// "Did you mean …": the nearest of the known names, if one is near.

/** The known name nearest to `given`, or undefined when none is within a third of its length (at least one edit). */
export function nearest(given: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(given.length / 3)) + 1
  for (const name of known) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [name, distance]
  }
  return best
}

/** `; did you mean "x"?`, or nothing. */
export function didYouMean(given: string, known: Iterable<string>): string {
  const name = nearest(given, known)
  return name === undefined ? '' : `; did you mean "${name}"?`
}

/** Characters that change, come, go, or trade places with their neighbour. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const traded = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (beforeLast[j - 2] ?? i) + 1 : substitution
      current.push(Math.min(substitution, traded, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    beforeLast = previous
    previous = current
  }
  return previous[b.length] ?? 0
}
