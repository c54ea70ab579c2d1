// A TCP link that can fail as a network does: cut (reset, and nothing gets through), silent (it stands, and nothing moves), slow.

import { connect, createServer, type Server, type Socket } from 'node:net'
import { pause } from './wait.ts'

type Condition = 'well' | 'cut' | 'silent'

export class Link implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #pairs = new Set<{ near: Socket; far: Socket }>()
  #condition: Condition = 'well'
  #delayMs = 0

  static async to(port: number): Promise<Link> {
    let link: Link | undefined
    const server = createServer((near) => link?.join(near, port))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    link = new Link(server, typeof address === 'object' && address !== null ? address.port : 0)
    return link
  }

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  /** For a client without TLS. */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  /** Connections are reset, and new ones too, until `mend`. */
  cut(): void {
    this.#condition = 'cut'
    for (const pair of this.#pairs) end(pair)
  }

  /** As when a cable is pulled: what is sent goes nowhere and nobody is told. It is lost, also for the time after `mend`. */
  silence(): void {
    this.#condition = 'silent'
  }

  /** Whatever was sent meanwhile is gone, so old connections are reset: no stream may miss bytes. */
  mend(): void {
    if (this.#condition === 'silent') for (const pair of this.#pairs) end(pair)
    this.#condition = 'well'
  }

  /** Every piece of data takes so much longer, in each direction. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) end(pair)
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  join(near: Socket, port: number): void {
    if (this.#condition === 'cut') {
      near.destroy()
      return
    }
    const far = connect(port, '127.0.0.1')
    const pair = { near, far }
    this.#pairs.add(pair)
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      socket.on('error', () => end(pair))
      socket.on('close', () => {
        end(pair)
        this.#pairs.delete(pair)
      })
    }
    this.#carry(near, far)
    this.#carry(far, near)
  }

  /** In order: each piece waits for the one before. */
  #carry(from: Socket, to: Socket): void {
    let last = Promise.resolve()
    from.on('data', (piece) => {
      const delayMs = this.#delayMs
      if (this.#condition !== 'well') return
      if (delayMs === 0) {
        last = last.then(() => this.#write(to, piece))
        return
      }
      const due = pause(delayMs)
      last = last.then(() => due).then(() => this.#write(to, piece))
    })
  }

  #write(to: Socket, piece: Buffer): void {
    if (this.#condition === 'well' && to.writable) to.write(piece)
  }
}

function end({ near, far }: { near: Socket; far: Socket }): void {
  near.destroy()
  far.destroy()
}
