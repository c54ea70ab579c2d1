// The codes that src gives to faults, read from its text: what stands behind `code:` and `code =`, and first in calls of
// functions of the file whose first parameter is `code`, as far as it is written there.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface GivenCode {
  code: string
  /** Of the kind that stands just before it, or undefined: it is said elsewhere. */
  kind: string | undefined
  /** `folder/file.ts:line`. */
  at: string
}

/** Code words, as opposed to what systems call their errors (ENOENT) and to words that are compared (table). */
const WORD = /'([A-Z][a-z][A-Za-z0-9]*)'/g
/** They give codes to problems of manifests, which have a page of their own. */
const OF_PROBLEMS = ['manifest', 'compile']

export function codesIn(src: string): GivenCode[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !OF_PROBLEMS.includes(path.split('/')[0] ?? ''))
    .sort()
    .flatMap((path) => codesOf(path, readFileSync(join(src, path), 'utf8')))
}

export function codesOf(path: string, source: string): GivenCode[] {
  const text = source.replaceAll(/^\s*(\/\/|\*|\/\*\*).*$/gm, '')
  const givers = [...text.matchAll(/(?:function (\w+)|const (\w+) = )\(\s*code: string/g)].map(
    ([, named, held]) => named ?? held ?? '',
  )
  const places = [/(?:kind: '(\w+)',\s*)?\bcode: ([^,{}]*)/g, /()\bcode = ([^\n]*(?:\n\s*[?:][^\n]*)*)/g]
  for (const name of givers) places.push(new RegExp(`()\\b${name}\\(\\s*('\\w+')`, 'g'))
  return places.flatMap((place) =>
    [...text.matchAll(place)].flatMap(({ 1: kind, 2: value = '', index, 0: { length } }) =>
      [...value.matchAll(WORD)].map(([, code = '']) => ({
        code,
        kind: kind === '' ? undefined : kind,
        at: `${path}:${text.slice(0, index + length).split('\n').length}`,
      })),
    ),
  )
}
