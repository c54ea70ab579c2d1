// Field paths as people read them: `spec.processes[0].steps[1].sql`; names that would be misread are quoted: `["a.b"]`.

export type PathSegment = string | number
export type Path = readonly PathSegment[]

const PLAIN = /^[A-Za-z_][A-Za-z0-9_-]*$/

/** `spec.sources["odd name"].rows.values[0]`; the root is the empty text. */
export function formatPath(path: Path): string {
  let text = ''
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`
    else if (!PLAIN.test(segment)) text += `[${JSON.stringify(segment)}]`
    else text += text === '' ? segment : `.${segment}`
  }
  return text
}

/** If `path` goes on with this segment, what is left of it after that; else undefined. A dot before a name is optional. */
export function afterSegment(path: string, segment: PathSegment): string | undefined {
  const forms =
    typeof segment === 'number' ? [`[${segment}]`] : [`[${JSON.stringify(segment)}]`, `.${segment}`, segment]
  for (const form of forms) {
    if (!path.startsWith(form)) continue
    const rest = path.slice(form.length)
    if (rest === '' || rest.startsWith('.') || rest.startsWith('[')) return rest
  }
  return undefined
}
