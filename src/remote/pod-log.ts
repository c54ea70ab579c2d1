// The log of one container, line by line. It knows how many lines it has given, so that reading it again after the connection
// broke gives none twice.
import { ApiFault, faultOf, pathOf } from '../effects/index.ts'
import type { RemoteCluster } from './cluster.ts'

export interface LogPlace {
  pod: string
  container: 'step' | 'worker'
}

/** `waiting`: its container has not been started; `gone`: there is no such pod (any more). */
export type LogEnd = 'read' | 'waiting' | 'gone'

export class PodLog {
  readonly #cluster: RemoteCluster
  readonly #place: LogPlace
  readonly #take: (line: string) => void
  #given = 0
  #start: number | undefined

  constructor(cluster: RemoteCluster, place: LogPlace, take: (line: string) => void) {
    this.#cluster = cluster
    this.#place = place
    this.#take = take
  }

  /**
   * Gives the lines that were not given yet; with `follow` until the container has ended.
   * @throws ApiFault what else the API server says, or that the connection broke
   */
  async read({ follow, signal }: { follow: boolean; signal: AbortSignal }): Promise<LogEnd> {
    const { connection, namespace } = this.#cluster
    const { pod, container } = this.#place
    const response = await connection.send({
      method: 'GET',
      path: `${pathOf({ resource: 'Pod', namespace, name: pod })}/log`,
      query: { container, ...(follow ? { follow: 'true' } : {}) },
      signal,
      ...(follow ? { bodyTimeoutMs: 0 } : {}),
    })
    if (response.statusCode === 200) {
      await this.#lines(response.body)
      return 'read'
    }
    const body = await response.body.text()
    if (response.statusCode === 404) return 'gone'
    if (response.statusCode === 400) return 'waiting'
    throw faultOf(`get the log of Pod "${namespace}/${pod}"`, { status: response.statusCode, body })
  }

  /** A container that has been started again has a new log. */
  isOfStart(start: number): void {
    if (this.#start !== undefined && this.#start !== start) this.#given = 0
    this.#start = start
  }

  async #lines(body: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let [rest, seen] = ['', 0]
    const take = (line: string) => {
      seen += 1
      if (seen <= this.#given) return
      this.#given = seen
      this.#take(line)
    }
    try {
      for await (const chunk of body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) take(line)
      }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const message = `cannot read the log of Pod "${this.#place.pod}": it broke off: ${why}`
      throw new ApiFault({ status: 0, code: 'LogCut', message, cause })
    }
    if (rest !== '') take(rest)
  }
}
