// The help texts, made from the table of commands.
import { VERSION } from '../base/index.ts'
import type { Command } from './command.ts'
import { GLOBAL_OPTIONS } from './commands.ts'

export function overview(commands: readonly Command[]): string {
  return `loom ${VERSION}: declarative ETL on a laptop and on Kubernetes

usage: loom <command> [options]

commands:
${aligned(commands.map(({ name, description }) => [name, description]))}

examples:
  loom run flights-2013 -f examples/flights
  loom show marts.carrier_delays --storage examples/flights/storage.yaml

loom <command> --help tells more. Exit codes: 0 succeeded, 1 failed, 2 invalid input, 130 interrupted.
Colours: NO_COLOR turns them off, FORCE_COLOR on.
`
}

export function helpOf({ name, args, description, options, examples }: Command): string {
  return [
    `loom ${name}: ${description}`,
    '',
    `usage: loom ${name}${args === '' ? '' : ` ${args}`} [options]`,
    '',
    'options:',
    aligned([...options, ...GLOBAL_OPTIONS]),
    '',
    'examples:',
    ...examples.map((example) => `  ${example}`),
    '',
  ].join('\n')
}

function aligned(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([head]) => head.length)) + 2
  return rows.map(([head, text]) => `  ${head.padEnd(width)}${text}`).join('\n')
}

/** A text for people who call this as `program`: every call in it is one of theirs. */
export const asCalled = (text: string, program = 'loom'): string =>
  program === 'loom' ? text : text.replace(/(?<![-\w/.])loom(?= (?:<|--|[a-z0-9]))/g, program)
