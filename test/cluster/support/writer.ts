// Makes, changes and deletes ConfigMaps all the time, past the fault proxy, and knows every version that it wrote.
import type { ControlPlane, Kube } from '../bed/index.ts'
import { pause } from '../bed/wait.ts'

const PATH = '/api/v1/namespaces/default/configmaps'
export const WRITER_LABEL = 'loom.test/writer'
export const WRITTEN = `${WRITER_LABEL}=yes`

/** uid and resourceVersion of every object, by name: what two pictures are compared by. */
export type Picture = Record<string, string>

export const pictureOf = (objects: Iterable<{ metadata: Kube['metadata'] }>): Picture =>
  Object.fromEntries(
    [...objects].map(({ metadata }) => [metadata.name, `${metadata.uid} ${metadata.resourceVersion}`] as const).sort(),
  )

export class Writer {
  /** Of every version written and not yet deleted or replaced: `uid version`. */
  readonly written: string[] = []
  /** uids of what was deleted. */
  readonly deleted: string[] = []
  readonly #plane: ControlPlane
  readonly #random: () => number
  readonly #names = new Map<string, string>()
  #made = 0
  #working: Promise<void> | undefined
  #stopped = false

  constructor(plane: ControlPlane, random: () => number) {
    this.#plane = plane
    this.#random = random
  }

  start(): void {
    this.#stopped = false
    this.#working = this.#work()
  }

  /** Resolves when its last write is done. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#working
  }

  /** What the API server has, asked past the proxy. */
  async truth(): Promise<Picture> {
    return pictureOf(await this.#plane.api.list(`${PATH}?labelSelector=${encodeURIComponent(WRITTEN)}`))
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#write()
        await pause(2)
      } catch {
        // A server that is down; whether it has done it will be seen in `truth`.
        await pause(50)
      }
    }
  }

  async #write(): Promise<void> {
    const { api } = this.#plane
    const names = [...this.#names.keys()]
    const name = names[Math.floor(this.#random() * names.length)]
    const dice = this.#random()
    if (name === undefined || dice < 0.3) {
      const made = `written-${this.#made++}`
      // Text beyond ASCII, so that cuts fall inside of characters too.
      const data = { text: 'ünïcödé 試験 '.repeat(20) }
      this.#note(await api.create(PATH, { metadata: { name: made, labels: { [WRITER_LABEL]: 'yes' } }, data }))
    } else if (dice < 0.8 && names.length < 80) {
      this.#note(await api.patch(`${PATH}/${name}`, { data: { count: String(this.written.length) } }))
    } else {
      const uid = this.#names.get(name)
      this.#names.delete(name)
      await api.delete(`${PATH}/${name}`)
      if (uid !== undefined) this.deleted.push(uid)
    }
  }

  #note({ metadata: { name, uid = '', resourceVersion } }: Kube): void {
    this.#names.set(name, uid)
    this.written.push(`${uid} ${resourceVersion}`)
  }
}
