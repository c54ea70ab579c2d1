// The pages of the documentation, and what their fenced blocks promise. A block that can be executed, is; where and how, a
// comment in the line before its fence says:
//
//   (none)                             by this level: in a working copy of the project, page by page, in order
//   <!-- run: cluster -->              by test/cluster/docs.test.ts, on a real API server
//   <!-- run: chart -->                by test/chart/docs.test.ts, as far as Helm can tell without a cluster
//   <!-- run: gitops -->               by test/cluster/gitops-docs.test.ts, in a working copy with a real API server and an operator;
//                                      those of Helm by test/chart/gitops.test.ts
//   <!-- not run: why -->              by nobody; the reason must be there
//   <!-- file: name -->                the block is a file, which the commands after it find
//   <!-- part: step -->                YAML that is a part of a manifest: members of a step, or of the spec of a pipeline, run,
//                                      storage or pool
//   <!-- values -->                    YAML that is values of the chart
//
// In a `console` block lines that start with `$ ` are commands, those between them what is printed: `…` stands for anything,
// numbers of things that differ from time to time are any numbers.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const REPOSITORY = join(import.meta.dirname, '../..')

export type Mark =
  | { kind: 'run'; where: 'here' | 'cluster' | 'chart' | 'gitops' }
  | { kind: 'not run'; why: string }
  | { kind: 'file'; name: string }
  | { kind: 'part'; of: Part }
  | { kind: 'values' }

const PARTS = ['step', 'pipeline', 'run', 'storage', 'pool'] as const
export type Part = (typeof PARTS)[number]

export interface Block {
  /** Relative to the repository's root. */
  page: string
  /** Of the opening fence, from 1. */
  line: number
  language: string
  text: string
  mark: Mark
}

export interface Command {
  page: string
  line: number
  text: string
  /** Lines that it prints; undefined where the page does not say. */
  prints: string[] | undefined
}

/** README.md and all pages of docs/, by path. */
export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(join(REPOSITORY, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('docs', name))
    .filter((name) => name.endsWith('.md'))
    .sort(),
]

export const isGenerated = (page: string): boolean => textOf(page).startsWith('<!-- Generated')

export function textOf(page: string): string {
  const path = join(REPOSITORY, page)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** @throws Error for a mark that means nothing, or a fence that is never closed */
export function blocksOf(page: string, text = textOf(page)): Block[] {
  const blocks: Block[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const language = /^\s*```(.*)$/.exec(lines[at] ?? '')?.[1]
    if (language === undefined) continue
    const end = lines.findIndex((line, i) => i > at && /^\s*```$/.test(line))
    if (end < 0) throw new Error(`${page}:${at + 1}: the block is never closed`)
    const body = lines.slice(at + 1, end).join('\n')
    blocks.push({
      page,
      line: at + 1,
      language: language.trim(),
      text: `${body}\n`,
      mark: markIn(lines[at - 1] ?? '', page),
    })
    at = end
  }
  return blocks
}

function markIn(line: string, page: string): Mark {
  const comment = /^<!-- (.*) -->$/.exec(line.trim())?.[1]
  if (comment === undefined || comment.startsWith('Generated')) return { kind: 'run', where: 'here' }
  if (comment === 'values') return { kind: 'values' }
  const [, word = '', rest = ''] = /^(run|not run|file|part): (.+)$/.exec(comment) ?? []
  if (word === 'run' && (rest === 'cluster' || rest === 'chart' || rest === 'gitops'))
    return { kind: 'run', where: rest }
  if (word === 'not run' && rest.length > 10) return { kind: 'not run', why: rest }
  if (word === 'file') return { kind: 'file', name: rest }
  const part = PARTS.find((name) => word === 'part' && name === rest)
  if (part !== undefined) return { kind: 'part', of: part }
  throw new Error(`${page}: the mark "${comment}" means nothing; see test/docs/pages.ts`)
}

export const isCommands = ({ language }: Block): boolean => ['sh', 'bash', 'console', 'shell'].includes(language)

/** The commands of a block, lines that are continued put together. */
export function commandsOf({ page, line, language, text }: Block): Command[] {
  const commands: Command[] = []
  const rows = text.replaceAll(/\s*\\\n\s*/g, ' ').trimEnd()
  for (const row of rows.split('\n')) {
    const given = language === 'console' ? /^\$ (.*)$/.exec(row)?.[1] : row
    if (given !== undefined) {
      // A comment after a command is for readers.
      const command = given
        .replace(/\s+#\s.*$/, '')
        .replace(/^#.*$/, '')
        .trim()
      if (command !== '') commands.push({ page, line, text: command, prints: undefined })
      continue
    }
    const last = commands.at(-1)
    if (last !== undefined) last.prints = [...(last.prints ?? []), row]
  }
  return commands
}

/** Whether what was printed has those lines, in their order: `…` is anything, a number any number, blanks are one blank. */
export function printsLike(printed: string, lines: readonly string[]): string | undefined {
  const rows = printed.split('\n').map(plain)
  let from = 0
  for (const line of lines.map(plain).filter((text) => text !== '' && text !== '…')) {
    const found = rows.findIndex((row, i) => i >= from && patternOf(line).test(row))
    if (found < 0) return line
    from = found + 1
  }
  return undefined
}

const plain = (line: string): string => line.replaceAll(/\s+/g, ' ').trim()

function patternOf(line: string): RegExp {
  const source = line
    .split('…')
    .map((piece) => piece.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\d[\d,]*/g, '[\\d,]+'))
    .join('.*')
    // Durations and ids differ in more than their digits.
    .replaceAll(/\[\\d,\]\+(\\\.\[\\d,\]\+)? m?s\b/g, '[\\d,.]+ m?s')
  return new RegExp(`^${source}$`)
}
