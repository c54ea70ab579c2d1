// docs/reference/cli.md, from the table of commands.
import type { Command } from '../../src/cli/command.ts'
import { COMMANDS, GLOBAL_OPTIONS } from '../../src/cli/commands.ts'
import { markdownTable } from './markdown-table.ts'

/** Their options are settings, which can be environment variables too. */
const SETTINGS: Readonly<Record<string, string>> = {
  operator: '[settings of the operator](operator.md#settings)',
  worker: '[settings of workers](worker.md)',
}

export function cliPage(): string {
  return `${[
    '<!-- Generated from the table of commands in src by `make generate`; do not edit. -->',
    '# The command line',
    markdownTable(
      ['command', 'what it does'],
      COMMANDS.map(({ name, description }) => [`[loom ${name}](#loom-${name})`, description]),
    ),
    'Exit codes: 0 succeeded, 1 failed, 2 invalid input (nothing was run), 130 interrupted. `NO_COLOR` turns colours off, `FORCE_COLOR` on. `loom --version` prints the version.',
    '## Every command',
    optionsTable(GLOBAL_OPTIONS),
    ...COMMANDS.map(sectionOf),
  ].join('\n\n')}\n`
}

function sectionOf({ name, args, description, options, examples }: Command): string {
  const settings = SETTINGS[name]
  return [
    `## loom ${name}`,
    `${description.charAt(0).toUpperCase()}${description.slice(1)}.`,
    `Usage: \`loom ${name}${args === '' ? '' : ` ${args}`} [options]\``,
    ...(settings === undefined ? [] : [`Options: ${settings}.`]),
    ...(options.length === 0 ? [] : [optionsTable(options)]),
    `Examples:`,
    examples.map((example) => `- \`${example}\``).join('\n'),
  ].join('\n\n')
}

const optionsTable = (options: Command['options']): string =>
  markdownTable(
    ['option', 'meaning'],
    options.map(([flag, meaning]) => [`\`${flag}\``, meaning.replaceAll('<', '&lt;')]),
  )
