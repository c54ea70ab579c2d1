// The table of measurements that have targets of their own, instead of peers.
import { cpus, loadavg } from 'node:os'

export interface Line {
  readonly what: string
  readonly measured: string
  readonly target?: { readonly text: string; readonly met: boolean }
}

/** Where and when it was measured. */
export function machine(): string {
  const model = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, load ${loadavg()[0]?.toFixed(1)}`
  return `${new Date().toISOString().slice(0, 10)} · ${model}, Node ${process.versions.node}, the control plane on the same machine`
}

export function table(all: readonly Line[]): string {
  const rows = all.map(({ what, measured, target }) => [
    what,
    measured,
    target?.text ?? '',
    target === undefined ? '' : target.met ? 'yes' : '**no**',
  ])
  const head = ['what', 'measured', 'target', 'met']
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
