// The words behind a command, read by the command's own table of options. What a word means never depends on how it looks:
// ids and params stay the text that was written.
import { parseArgs } from 'node:util'
import { didYouMean } from '../base/index.ts'
import { UsageError } from './io.ts'

/** `-f, --file <path>` or `--dry-run`, and what it is for. */
export type Option = readonly [flag: string, description: string]

export interface Arguments {
  /** Words that are no options. */
  args: string[]
  /** By camelCase name: the texts that were given, in order, or true. */
  options: Record<string, string[] | true>
}

interface Known {
  name: string
  short: string | undefined
  /** `<path>`; undefined for an option without value. */
  value: string | undefined
}

/** The dashed forms of the options, short ones too. */
export const flagWords = (options: readonly Option[]): string[] =>
  options.flatMap(([flag]) => flag.split(/[ ,]+/).filter((word) => word.startsWith('-')))

/** @throws UsageError for an option that the command does not have, or one without its value */
export function readArguments(command: string, options: readonly Option[], words: readonly string[]): Arguments {
  const known = options.map(([flag]) => parseFlag(flag))
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(
      known.map(({ name, short, value }) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) } as const,
      ]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const read: Arguments = { args: [], options: {} }
  for (const token of tokens) {
    if (token.kind === 'positional') read.args.push(token.value)
    if (token.kind !== 'option') continue
    const option = known.find(({ name }) => name === token.name)
    if (option === undefined)
      throw new UsageError(
        `cannot use option "${token.rawName}": loom ${command} has none of that name${didYouMean(token.rawName, flagWords(options))}; loom ${command} --help lists them`,
      )
    addOption(option, token, read)
  }
  return read
}

interface OptionToken {
  rawName: string
  value?: string | undefined
  inlineValue?: boolean | undefined
}

function addOption(option: Known, { rawName, value, inlineValue }: OptionToken, { options }: Arguments): void {
  const key = camelCase(option.name)
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`cannot use "${rawName}=${value}": ${rawName} takes no value`)
    options[key] = true
    return
  }
  // what begins with a dash was most likely meant as the next option
  if (value === undefined || (inlineValue !== true && value.length > 1 && value.startsWith('-')))
    throw new UsageError(
      `cannot use ${rawName}: its value is missing; write ${rawName} ${option.value}, or ${rawName}=${option.value} for one that begins with a dash`,
    )
  const before = options[key]
  options[key] = [...(before === undefined || before === true ? [] : before), value]
}

function parseFlag(flag: string): Known {
  const value = /<.*>$/.exec(flag)?.[0]
  const words = flag.split(/[ ,]+/)
  const long = words.find((word) => word.startsWith('--')) ?? ''
  return { name: long.slice(2), short: words.find((word) => /^-[a-z]$/.test(word))?.slice(1), value }
}

const camelCase = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
