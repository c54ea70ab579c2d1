// What a worker asks of the operator, and the answers, checked. What is wrong with them is logged, at most once a minute.
import type { z } from 'zod'
import {
  ANSWER_MS,
  ANSWER_SLACK_MS,
  type Broker,
  decode,
  encode,
  type Heartbeat,
  type OutcomeReport,
  type PoolAddress,
  type Ready,
  type Renewal,
  type RequestName,
  renewalSchema,
  requestSubject,
  type Settled,
  settledSchema,
  type Work,
  workSchema,
} from '../../dispatch/index.ts'

interface LineOptions {
  broker: Broker
  address: PoolAddress
  /** As long as the operator holds a request for work. */
  holdMs: number
  warn: (message: string) => void
}

/** Each throws: Fault transient NoAnswer, BrokerUnreachable, denied BrokerDenied; TypeError when the answer is none. */
export class OperatorLine {
  readonly #options: LineOptions

  constructor(options: LineOptions) {
    this.#options = options
  }

  ready(message: Ready): Promise<Work> {
    return this.#request('ready', message, { schema: workSchema, timeoutMs: this.#options.holdMs + ANSWER_SLACK_MS })
  }

  /** Takes the last request for work back. */
  leave(message: Ready): Promise<Work> {
    return this.#request('ready', message, { schema: workSchema, timeoutMs: ANSWER_MS })
  }

  heartbeat(message: Heartbeat): Promise<Renewal> {
    return this.#request('heartbeat', message, { schema: renewalSchema, timeoutMs: ANSWER_MS })
  }

  outcome(message: OutcomeReport): Promise<Settled> {
    return this.#request('outcome', message, { schema: settledSchema, timeoutMs: ANSWER_MS })
  }

  async #request<T extends { kind: string; message?: string }>(
    name: RequestName,
    message: object,
    { schema, timeoutMs }: { schema: z.ZodType<T>; timeoutMs: number },
  ): Promise<T> {
    const { broker, address, warn } = this.#options
    const answer = decode(schema, await broker.request(requestSubject(address, name), encode(message), { timeoutMs }))
    if (answer === undefined) {
      warn(`cannot read the operator's answer to "${name}": it is of another version; use one image for both`)
      throw new TypeError('no answer')
    }
    if (answer.kind === 'refused' && answer.message !== undefined) warn(answer.message)
    return answer
  }
}
