// Every command of `loom`: usage, options, examples, and what it does, loaded when it is called. Help and completion are
// made from this table.
import { type Arguments, flagWords, type Option } from './arguments.ts'
import { CLUSTER_COMMANDS } from './cluster-commands.ts'
import type { Command } from './command.ts'
import { UsageError } from './io.ts'
import { REMOTE_COMMANDS } from './remote-commands.ts'
import { runCommandOf } from './run-command.ts'
import { count, names, oneOf, runFlags, text, texts } from './run-flags.ts'

/** Every command has these. */
export const GLOBAL_OPTIONS: readonly Option[] = [
  ['-h, --help', 'show this'],
  ['--verbose', 'show the stack of an unexpected error'],
]

const FILE: Option = [
  '-f, --file <path>',
  'manifests: a file, a folder, - for standard input, or a .ts module; may be repeated',
]
const STORAGE: Option = ['--storage <file>', 'file with an ETLStorage; default: everything lies below .loom']

const WHAT_TO_RUN: readonly Option[] = [
  FILE,
  STORAGE,
  ['--param <name=value>', 'value of a param; may be repeated'],
  ['--include <names>', 'only these steps or processes, separated by commas'],
  ['--correlation-id <id>', 'business id, stable over retries'],
]

export const COMMANDS: readonly Command[] = [
  runCommandOf(WHAT_TO_RUN, STORAGE),
  {
    name: 'check',
    args: '[...runs]',
    description: 'find mistakes without running: compile, and bind all SQL',
    options: WHAT_TO_RUN,
    examples: ['loom check -f examples/flights', 'loom check -f pipeline.yaml --param month=2013-01-01'],
    run: async (args, options, io) => (await import('./commands/check.ts')).checkCommand(args, runFlags(options), io),
  },
  {
    name: 'plan',
    args: '[...runs]',
    description: 'show what a run would do',
    options: [...WHAT_TO_RUN, ['--output <text|json>', 'Default text']],
    examples: ['loom plan flights-2013-01 -f examples/flights', 'loom plan -f pipeline.yaml --output json'],
    run: async (args, options, io) => (await import('./commands/plan.ts')).planCommand(args, runFlags(options), io),
  },
  {
    name: 'compile',
    args: '[...files]',
    description: 'print manifests as YAML, from TypeScript too',
    options: [...WHAT_TO_RUN, ['--output <text|json>', 'text is YAML; json is the plan of a run. Default text']],
    examples: [
      'loom compile examples/builder/pipeline.ts > pipeline.yaml',
      'loom compile pipeline.yaml --param month=2013-01-01 --output json',
    ],
    run: async (args, options, io) => {
      const file = [...args, ...texts(options['file'])]
      return (await import('./commands/compile.ts')).compileCommand(runFlags({ ...options, file }), io)
    },
  },
  {
    name: 'show',
    args: '<table>',
    description: 'show rows of a table, at any version',
    options: [
      STORAGE,
      ['--where <predicate>', 'SQL predicate'],
      ['--columns <names>', 'only these columns, separated by commas'],
      ['--limit <n>', 'rows at most. Default 20'],
      ['--version <n>', 'the table at this version'],
      ['--timestamp <instant>', 'the table at this instant, like 2026-01-31T12:00:00Z'],
      ['--schema', 'show the columns instead of rows'],
      ['--output <table|json|csv>', 'Default table'],
    ],
    examples: [
      'loom show marts.carrier_delays --limit 5',
      "loom show raw.flights --where 'dep_delay > 600' --columns carrier,flight --output csv",
    ],
    run: async (args, options, io) => {
      const columns = names(options['columns'])
      if (columns?.length === 0)
        throw new UsageError('cannot use --columns: it names no column; name some, or leave it out to see all')
      const version = count(options, 'version', 0)
      const flags = {
        limit: count(options, 'limit', 0) ?? 20,
        output: oneOf(options, 'output', ['table', 'json', 'csv'] as const) ?? 'table',
        schema: options['schema'] === true,
        ...definedTexts(options, ['storage', 'where', 'timestamp']),
        ...(version === undefined ? {} : { version }),
        ...(columns === undefined ? {} : { columns }),
      }
      return (await import('./commands/show.ts')).showCommand(
        only(args, 'a table', 'loom show marts.carrier_delays'),
        flags,
        io,
      )
    },
  },
  {
    name: 'history',
    args: '<table>',
    description: 'show the commits of a table',
    options: [STORAGE, ['--limit <n>', 'commits at most. Default 20'], ['--output <table|json>', 'Default table']],
    examples: ['loom history marts.carrier_delays --limit 5'],
    run: async (args, options, io) => {
      const output = oneOf(options, 'output', ['table', 'json'] as const) ?? 'table'
      const flags = { limit: count(options, 'limit', 1) ?? 20, output, ...definedTexts(options, ['storage']) }
      return (await import('./commands/history.ts')).historyCommand(
        only(args, 'a table', 'loom history marts.carrier_delays'),
        flags,
        io,
      )
    },
  },
  {
    name: 'cleanup',
    args: '[correlation-id]',
    description: 'remove intermediate results that are kept for a correlation id',
    options: [
      STORAGE,
      ['--temp-root <folder>', 'folder of temps, instead of a storage'],
      ['--run-id <id>', 'remove those of this run'],
    ],
    examples: ['loom cleanup flights-2013-01 --storage examples/flights/storage.yaml'],
    run: async (args, options, io) =>
      (await import('./commands/cleanup.ts')).cleanUpCommand(
        args[0],
        definedTexts(options, ['storage', 'tempRoot', 'runId']),
        io,
      ),
  },
  {
    name: 'extensions',
    args: '[...what]',
    description: "fetch the engine's extensions: httpfs for S3, excel for xlsx",
    options: [['--folder <folder>', 'where they lie. Default LOOM_EXTENSIONS, else below ~/.loom']],
    examples: ['loom extensions install httpfs', 'loom extensions list'],
    run: async (args, options, io) =>
      (await import('./commands/extensions.ts')).extensionsCommand(args, text(options['folder']), io),
  },
  {
    name: 'crds',
    args: '',
    description: 'print the custom resource definitions for Kubernetes',
    options: [['--output-dir <folder>', 'write one file each there']],
    examples: ['loom crds | kubectl apply -f -'],
    run: async (_args, options, io) => (await import('./commands/crds.ts')).crdsCommand(text(options['outputDir']), io),
  },
  ...REMOTE_COMMANDS,
  ...CLUSTER_COMMANDS,
  {
    name: 'completion',
    args: '<shell>',
    description: 'print a completion script for bash, zsh or fish',
    options: [],
    examples: ['source <(loom completion bash)'],
    run: async (args, _options, io) => {
      const { completionCommand } = await import('./commands/completion.ts')
      const completable = COMMANDS.map(({ name, description, options }) => ({
        name,
        description,
        options: flagWords([...options, ...GLOBAL_OPTIONS]),
      }))
      return completionCommand(only(args, 'a shell', 'loom completion bash'), completable, io)
    },
  },
]

function only(args: string[], what: string, example: string): string {
  const [first, second] = args
  if (first === undefined) throw new UsageError(`cannot go on: ${what} is missing; for example: ${example}`)
  if (second !== undefined)
    throw new UsageError(`cannot use "${second}": it is one argument too many; for example: ${example}`)
  return first
}

function definedTexts<const K extends string>(
  options: Arguments['options'],
  wanted: readonly K[],
): { [P in K]?: string } {
  return Object.fromEntries(
    wanted.map((name) => [name, text(options[name])]).filter(([, value]) => value !== undefined),
  ) as { [P in K]?: string }
}
