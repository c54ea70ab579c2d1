// How a client of NATS says who it is: credentials are read anew with each connection, so that changed ones are taken.
import type { Authenticator } from '@nats-io/transport-node'
import { Fault } from '../base/index.ts'
import { type BrokerSettings, type Credentials, readCredentials, wantsTls } from './broker-settings.ts'

type Library = typeof import('@nats-io/transport-node')

export class NatsLogin {
  readonly #settings: BrokerSettings
  readonly #library: Library
  readonly #warn: (message: string) => void
  #credentials: Credentials = {}

  constructor(settings: BrokerSettings, library: Library, warn: (message: string) => void) {
    this.#settings = settings
    this.#library = library
    this.#warn = warn
  }

  /** Undefined: no TLS is asked for. @throws Fault as readCredentials */
  tls(): NonNullable<Credentials['tls']> | undefined {
    this.#readAgain()
    return wantsTls(this.#settings, this.#credentials) ? { ...this.#credentials.tls } : undefined
  }

  /** Never throws: that would end the library's search for a connection for good. */
  authenticate(nonce: string | undefined): ReturnType<Authenticator> {
    try {
      this.#readAgain()
      return this.#authenticator()(nonce)
    } catch (thrown) {
      this.#warn(thrown instanceof Fault ? thrown.message : 'cannot read the credentials of NATS: they are damaged')
    }
  }

  #authenticator(): Authenticator {
    const { credsAuthenticator, tokenAuthenticator, usernamePasswordAuthenticator } = this.#library
    const { creds, user, token } = this.#credentials
    if (creds !== undefined) return credsAuthenticator(Buffer.from(creds))
    if (user !== undefined) return usernamePasswordAuthenticator(user.name, user.password)
    return token === undefined ? () => undefined : tokenAuthenticator(token)
  }

  #readAgain(): void {
    const { credentials } = this.#settings
    if (credentials !== undefined) this.#credentials = readCredentials(credentials)
  }
}
