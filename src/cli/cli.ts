// Finds the command, reads its options, and turns every error into one line and an exit code.
import { asFault, didYouMean, firstLine, VERSION } from '../base/index.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { COMMANDS, GLOBAL_OPTIONS } from './commands.ts'
import { asCalled, helpOf, overview } from './help.ts'
import { EXIT, type Io, UsageError } from './io.ts'

/** @param argv without node and script @returns the exit code */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(argv, io)
  } catch (thrown) {
    return report(thrown, io, argv.includes('--verbose'))
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = argv
  if (first === undefined || first === '--help' || first === '-h')
    return say(asCalled(overview(COMMANDS), io.program), io)
  if (first === '--version' || first === 'version') return say(`${VERSION}\n`, io)
  if (first === 'help') return say(asCalled(await helpAbout(rest[0]), io.program), io)
  const command = await complete(commandOf(first))
  const { args, options } = readArguments(command.name, [...command.options, ...GLOBAL_OPTIONS], rest)
  if (options['help'] === true) return say(asCalled(helpOf(command), io.program), io)
  if (command.args === '' && args[0] !== undefined)
    throw new UsageError(
      `cannot use "${args[0]}": loom ${command.name} takes options only; see loom ${command.name} --help`,
    )
  return await command.run(args, options, io)
}

function say(text: string, io: Io): number {
  io.out(text)
  return EXIT.succeeded
}

/** @throws UsageError */
function commandOf(name: string): Command {
  const command = COMMANDS.find((candidate) => candidate.name === name)
  if (command !== undefined) return command
  const names = [...COMMANDS.map((candidate) => candidate.name), 'help', 'version']
  const what = name.startsWith('-') ? 'option' : 'command'
  throw new UsageError(
    `cannot run ${what} "${name}": loom has none of that name${didYouMean(name, names)}; loom --help lists them`,
  )
}

/** `help` and `version` have no options: what there is to say of them stands in the overview. */
async function helpAbout(name: string | undefined): Promise<string> {
  if (name === undefined || name === 'help' || name === 'version') return overview(COMMANDS)
  return helpOf(await complete(commandOf(name)))
}

/** The options of these stand in tables of their own, which only they need. */
async function complete(command: Command): Promise<Command> {
  const settings = await settingsOf(command)
  if (settings === undefined) return command
  return { ...command, options: settings.map(({ flag, help, env }) => [flag, `${help} (${env})`]) }
}

async function settingsOf({ name }: Command): Promise<{ flag: string; help: string; env: string }[] | undefined> {
  if (name === 'operator') return Object.values((await import('../operator/config.ts')).OPERATOR_SETTINGS)
  if (name === 'worker') return Object.values((await import('../pod/worker/worker-settings.ts')).WORKER_SETTINGS)
  return undefined
}

/** One line; the stack only for who asks for it. */
function report(thrown: unknown, io: Io, verbose: boolean): number {
  if (thrown instanceof UsageError) {
    io.err(`${asCalled(thrown.message, io.program)}\n`)
    return EXIT.invalid
  }
  const { kind, code, message, cause, stack } = asFault(thrown)
  if (code === 'Interrupted') return EXIT.interrupted
  const bug = '; this is a defect of loom: please report it, with what --verbose shows'
  io.err(kind === 'defect' ? `cannot go on: ${firstLine(message)}${verbose ? '' : bug}\n` : `${message}\n`)
  if (verbose) io.err(`${cause instanceof Error ? cause.stack : stack}\n`)
  if (io.signal.aborted) return EXIT.interrupted
  return kind === 'invalid' || kind === 'missing' ? EXIT.invalid : EXIT.failed
}
