// What became of every run of a control plane, in order: each phase with its reason, as a watch tells them.
import { API_VERSION, type RunStatus } from '../../../src/manifest/index.ts'
import type { Api, Kube } from '../bed/index.ts'

type Run = Kube & { status?: RunStatus }

export class Histories implements Disposable {
  readonly #seen = new Map<string, string[]>()
  readonly #end = new AbortController()

  constructor(api: Api) {
    const path = `/apis/${API_VERSION}/etlruns?watch=true&timeoutSeconds=3600`
    // It ends with the test, one way or another.
    api.watch<Run>(path, ({ object }) => this.#note(object), this.#end.signal).catch(() => undefined)
  }

  /** Phase, and the reason where it says more; the same one in a row counts once. It begins with New. */
  of(run: string): readonly string[] {
    return this.#seen.get(run) ?? []
  }

  #note({ metadata, status = {} }: Run): void {
    const history = this.#seen.get(metadata.name) ?? []
    const { phase = 'New', reason = phase } = status
    const now = phase === reason || reason === 'Started' ? phase : `${phase} ${reason}`
    if (history.at(-1) !== now) history.push(now)
    this.#seen.set(metadata.name, history)
  }

  [Symbol.dispose](): void {
    this.#end.abort()
  }
}
