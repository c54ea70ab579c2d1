// loom completion: scripts that complete commands and options. Made from the same table as the help.
import { EXIT, type Io, UsageError } from '../io.ts'

export interface Completable {
  name: string
  description: string
  options: string[]
}

const SHELLS = ['bash', 'zsh', 'fish'] as const

export function completionCommand(shell: string, commands: readonly Completable[], io: Io): number {
  const known = SHELLS.find((name) => name === shell)
  if (known === undefined) throw new UsageError(`cannot complete for "${shell}": give one of ${SHELLS.join(', ')}`)
  io.out({ bash, zsh, fish }[known](commands))
  return EXIT.succeeded
}

function bash(commands: readonly Completable[]): string {
  const cases = commands.map(({ name, options }) => `    ${name}) words="${options.join(' ')}" ;;`).join('\n')
  return `# loom completion for bash:  source <(loom completion bash)
_loom() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map(({ name }) => name).join(' ')}"
  else
    case "\${COMP_WORDS[1]}" in
${cases}
    esac
  fi
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
  [ "\${#COMPREPLY[@]}" -gt 0 ] || COMPREPLY=( $(compgen -f -- "$current") )
}
complete -F _loom loom
`
}

function zsh(commands: readonly Completable[]): string {
  return `#compdef loom
# loom completion for zsh:  source <(loom completion zsh)
autoload -U +X bashcompinit && bashcompinit
${bash(commands)}`
}

function fish(commands: readonly Completable[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`
  const lines = commands.flatMap(({ name, description, options }) => [
    `complete -c loom -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
    ...options
      .filter((option) => option.startsWith('--'))
      .map((option) => `complete -c loom -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`),
  ])
  return `# loom completion for fish:  loom completion fish | source\n${lines.join('\n')}\n`
}
