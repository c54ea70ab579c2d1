// docs/reference/cli.md, from the table of commands.
import type { Command } from '../../src/cli/command.ts'
import { COMMANDS, GLOBAL_OPTIONS } from '../../src/cli/commands.ts'
import { markdownTable } from './markdown-table.ts'

/** Their options are settings, which can be environment variables too. */
const SETTINGS: Readonly<Record<string, string>> = {
  operator: '[settings of the operator](operator.md#settings)',
  worker: '[settings of workers](worker.md)',
}

/** Variables of the environment that are no settings of operator or workers. */
export const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ['LOOM_EXTENSIONS', "folder of the engine's extensions. Default: below ~/.loom; in the image /app/extensions"],
  [
    'AWS_ACCESS_KEY_ID',
    'credentials for s3:// places, with AWS_SECRET_ACCESS_KEY and, for temporary ones, AWS_SESSION_TOKEN',
  ],
  ['AWS_PROFILE', 'a profile of the AWS configuration (~/.aws), instead'],
  ['AWS_REGION', 'region of s3:// places whose storage names none'],
  ['NO_COLOR', 'if not empty: no colours'],
  ['FORCE_COLOR', 'colours even where there is no terminal; 0 or false: none'],
  ['TERM', 'dumb: progress is printed as lines'],
  ['CI', 'if set: progress is printed as lines'],
  ['PATH', 'where `loom run --workers` finds nats-server'],
  ['LOOM_MEMORY_LIMIT', 'of a step in a pod: bytes that the container may use; the operator sets it'],
  ['LOOM_S3_ENDPOINT', 'of a clean-up in a pod: address of the store; the operator sets it'],
  ['LOOM_S3_PATH_STYLE', 'of a clean-up in a pod: true if buckets are named in the path; the operator sets it'],
]

export function cliPage(): string {
  return `${[
    '<!-- Generated from the table of commands in src by `make generate`; do not edit. -->',
    '# The command line',
    markdownTable(
      ['command', 'what it does'],
      COMMANDS.map(({ name, description }) => [`[loom ${name}](#loom-${name})`, description]),
    ),
    'Exit codes: 0 succeeded, 1 failed, 2 invalid input (nothing was run), 130 interrupted. `loom --version` prints the version.',
    '## Every command',
    optionsTable(GLOBAL_OPTIONS),
    '## Environment',
    markdownTable(
      ['variable', 'meaning'],
      ENVIRONMENT.map(([name, meaning]) => [`\`${name}\``, meaning]),
    ),
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
