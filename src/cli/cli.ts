// Finds the command, reads its options, and turns every error into one line and an exit code.
import { cac } from 'cac'
import { asFault, didYouMean, VERSION } from '../base/index.ts'
import { COMMANDS, type Command } from './commands.ts'
import { EXIT, type Io, UsageError } from './io.ts'

/** @param argv without node and script @returns the exit code */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  const verbose = argv.includes('--verbose')
  try {
    return await dispatch(
      argv.filter((word) => word !== '--verbose'),
      io,
    )
  } catch (thrown) {
    return report(thrown, io, verbose)
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = argv
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    const about = COMMANDS.find(({ name }) => name === rest[0])
    io.out(about === undefined ? overview() : helpOf(about))
    return EXIT.succeeded
  }
  if (first === 'version' || first === '--version' || first === '-v') {
    io.out(`${VERSION}\n`)
    return EXIT.succeeded
  }
  const command = COMMANDS.find(({ name }) => name === first)
  if (command === undefined) {
    const names = [...COMMANDS.map(({ name }) => name), 'help', 'version']
    throw new UsageError(`there is no command "${first}"${didYouMean(first, names)}; loom --help lists them`)
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    io.out(helpOf(command))
    return EXIT.succeeded
  }
  const { args, options } = parse(await withSettings(command), rest)
  return await command.run(args, options, io)
}

/** The operator's options stand in a table of its own, which only it needs. */
async function withSettings(command: Command): Promise<Command> {
  if (command.name !== 'operator') return command
  const { OPERATOR_SETTINGS } = await import('../operator/config.ts')
  return {
    ...command,
    options: Object.values(OPERATOR_SETTINGS).map(({ flag, help, env }) => [flag, `${help} (${env})`]),
  }
}

function parse(command: Command, words: readonly string[]): { args: string[]; options: Record<string, unknown> } {
  const cli = cac('loom')
  const flags = command.options.map(([flag]) => flag)
  for (const [flag, description] of command.options) cli.option(flag, description)
  const known = flags.flatMap((flag) => flag.split(/[ ,]+/).filter((word) => word.startsWith('-')))
  const valued = new Set(
    flags
      .filter((flag) => flag.includes('<'))
      .flatMap((flag) => flag.split(/[ ,]+/).filter((word) => word.startsWith('-'))),
  )
  checkWords(words, known, valued, command)
  // cac reads numbers as numbers; ids and params must stay as they were written.
  const { options } = cli.parse(['node', 'loom', ...quoted(words, valued)], { run: false })
  const read: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) if (name !== '--') read[name] = unquoted(value)
  return { args: cli.args.map((arg) => String(unquoted(arg))), options: read }
}

const MARK = '\u0001'

/** Words that must stay text get a mark in front, which is taken off again. */
function quoted(words: readonly string[], valued: ReadonlySet<string>): string[] {
  const out: string[] = []
  let value = false
  for (const word of words) {
    const equals = word.indexOf('=')
    if (value) out.push(MARK + word)
    else if (word.startsWith('-') && word !== '-' && equals > 0)
      out.push(`${word.slice(0, equals)}=${MARK}${word.slice(equals + 1)}`)
    else out.push(word.startsWith('-') && word !== '-' ? word : MARK + word)
    value = !value && valued.has(word)
  }
  return out
}

function unquoted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unquoted)
  return typeof value === 'string' && value.startsWith(MARK) ? value.slice(1) : value
}

/** @throws UsageError for an option that the command does not have, or one without its value */
function checkWords(
  words: readonly string[],
  known: readonly string[],
  valued: ReadonlySet<string>,
  { name }: Command,
): void {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    if (!word.startsWith('-') || word === '-') continue
    const option = word.split('=')[0] ?? word
    if (!known.includes(option))
      throw new UsageError(
        `loom ${name} has no option "${option}"${didYouMean(option, known)}; loom ${name} --help lists them`,
      )
    if (!valued.has(option) || word.includes('=')) continue
    if (words[i + 1] === undefined)
      throw new UsageError(`option "${option}" needs a value; loom ${name} --help shows how`)
    i += 1
  }
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length)) + 2
  const lines = COMMANDS.map(({ name, description }) => `  ${name.padEnd(width)}${description}`)
  return `loom ${VERSION}: declarative ETL on a laptop and on Kubernetes

usage: loom <command> [options]

commands:
${lines.join('\n')}

examples:
  loom run flights-2013 -f examples/flights
  loom show marts.carrier_delays

loom <command> --help tells more; --verbose shows the stack of an unexpected error.
`
}

function helpOf({ name, args, description, options, examples }: Command): string {
  const width = Math.max(0, ...options.map(([flag]) => flag.length)) + 2
  const lines = options.map(([flag, what]) => `  ${flag.padEnd(width)}${what}`)
  return [
    `loom ${name}: ${description}`,
    '',
    `usage: loom ${name}${args === '' ? '' : ` ${args}`} [options]`,
    '',
    ...(lines.length === 0 ? [] : ['options:', ...lines, '']),
    'examples:',
    ...examples.map((example) => `  ${example}`),
    '',
  ].join('\n')
}

function report(thrown: unknown, io: Io, verbose: boolean): number {
  if (thrown instanceof UsageError) {
    io.err(`${thrown.message}\n`)
    return EXIT.invalid
  }
  const fault = asFault(thrown)
  if (io.signal.aborted) return EXIT.interrupted
  const bug = fault.kind === 'defect' ? '; this is a bug of loom: please report it with what --verbose shows' : ''
  io.err(`${fault.message}${bug}\n`)
  if (verbose) io.err(`${String((fault.cause instanceof Error ? fault.cause : fault).stack)}\n`)
  return fault.kind === 'invalid' || fault.kind === 'missing' ? EXIT.invalid : EXIT.failed
}

/** The real world: streams, terminal, signals. */
export function processIo(): Io {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The second time means: at once.
      if (stop.signal.aborted) process.exit(EXIT.interrupted)
      stop.abort()
    })
  }
  // Whoever reads our output may have seen enough (loom show … | head).
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'EPIPE') process.exit(0)
    })
  }
  const { env } = process
  const colour =
    env['FORCE_COLOR'] !== undefined
      ? env['FORCE_COLOR'] !== '0'
      : process.stderr.isTTY === true &&
        process.stdout.isTTY === true &&
        (env['NO_COLOR'] ?? '') === '' &&
        env['TERM'] !== 'dumb'
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    liveTerminal: process.stderr.isTTY === true && env['TERM'] !== 'dumb' && env['CI'] === undefined,
    colour,
    width: process.stderr.columns ?? 100,
    cwd: process.cwd(),
    env,
    signal: stop.signal,
  }
}
