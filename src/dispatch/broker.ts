// What the dispatch needs of a message broker. It may lose, delay and double everything, and vanish.

export interface Broker {
  /** Hears every request on these subjects (`*` stands for one word); it may be answered once, at any time. @returns an end to it */
  serve(
    subjects: string[],
    hear: (subject: string, data: Uint8Array, answer: (data: Uint8Array) => void) => void,
  ): () => void
  /** Hears what is published on the subject. @returns an end to it */
  listen(subject: string, hear: (data: Uint8Array) => void): () => void
  publish(subject: string, data: Uint8Array): void
  /** @throws Fault transient NoAnswer (nobody listens, or no answer in time), BrokerUnreachable */
  request(subject: string, data: Uint8Array, options: { timeoutMs: number; signal?: AbortSignal }): Promise<Uint8Array>
  /** Is told whenever the connection is there (again) or is gone; first of all, at once, of how it is now. */
  onState(hear: (state: BrokerState) => void): void
  close(): Promise<void>
}

export type BrokerState = 'up' | 'down'
