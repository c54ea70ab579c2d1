// Every link of the README and of docs/ leads to a file that is there, and to a heading that is in it.
import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { it } from 'node:test'
import { PAGES, REPOSITORY, textOf } from './pages.ts'

/** Patterns in code look like links. */
const withoutCode = (text: string): string => text.replace(/```[\s\S]*?```|`[^`\n]*`/g, '')

/** The anchors of a page, as GitHub makes them of headings. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of text.replace(/```[\s\S]*?```/g, '').matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .trim()
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    const twin = [...Array(100).keys()].map((n) => (n === 0 ? slug : `${slug}-${n}`)).find((name) => !anchors.has(name))
    anchors.add(twin ?? slug)
  }
  return anchors
}

function brokenLinks(page: string, text = textOf(page)): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^https?:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : normalize(join(dirname(page), path))
      if (path !== '' && !existsSync(join(REPOSITORY, file))) return true
      if (anchor === undefined || (path !== '' && statSync(join(REPOSITORY, file)).isDirectory())) return false
      return !anchorsOf(file === page ? text : textOf(file)).has(anchor)
    })
    .map((target) => `${page}: ${target}`)
}

it('every link leads to a page, and to a heading that is on it', () => {
  assert.deepEqual(
    PAGES.flatMap((page) => brokenLinks(page)),
    [],
  )
})

it('a link to a file or a heading that is not there is found', () => {
  assert.deepEqual(brokenLinks('docs/x.md', '# A b\n\n[a](nowhere.md) [b](#a-c) [c](#a-b) [d](../README.md#no-such)'), [
    'docs/x.md: nowhere.md',
    'docs/x.md: #a-c',
    'docs/x.md: ../README.md#no-such',
  ])
})

it('every page can be reached from the table of contents', () => {
  const seen = new Set(['README.md'])
  for (const page of seen)
    for (const [, target = ''] of withoutCode(textOf(page)).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      const next = normalize(join(dirname(page), target))
      if (PAGES.includes(next)) seen.add(next)
    }
  const found = PAGES.filter((page) => !seen.has(page) && !page.startsWith('docs/decisions/'))
  assert.deepEqual(found, [], 'no link leads there')
})
