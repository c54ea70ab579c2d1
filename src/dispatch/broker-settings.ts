// How to reach a broker: its addresses, and a folder or file with credentials, as a mounted Secret is one. Their values never
// leave this file but into the connection: no message, log or error holds them.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../base/index.ts'

export interface BrokerSettings {
  /** `nats://host:port` or `tls://host:port`. */
  servers: readonly string[]
  /** A folder with some of CREDENTIAL_KEYS, or a `.creds` file. */
  credentials?: string
}

/** The keys of a Secret for the broker. */
export const CREDENTIAL_KEYS = {
  'nats.creds': 'a user JWT and its seed, as nsc writes them',
  username: 'with password',
  password: 'with username',
  token: 'instead of the others',
  'ca.crt': "who has signed the broker's certificate",
  'tls.crt': "the client's certificate",
  'tls.key': 'and its key',
} as const
export type CredentialKey = keyof typeof CREDENTIAL_KEYS

export interface Credentials {
  creds?: string
  user?: { name: string; password: string }
  token?: string
  /** Paths, read anew with each connection. */
  tls?: { caFile?: string; certFile?: string; keyFile?: string }
}

/**
 * Reads addresses as a user gives them: separated by commas.
 * @throws Fault invalid InvalidBrokerUrl
 */
export function parseServers(text: string): string[] {
  const servers = text.split(',').map((part) => part.trim())
  for (const server of servers) assertServer(server)
  return servers
}

function assertServer(server: string): void {
  const url = URL.canParse(server) ? new URL(server) : undefined
  if (url !== undefined && (url.username !== '' || url.password !== ''))
    throw invalidUrl('a URL of NATS', 'it holds credentials; give them by a file or a Secret')
  if (url === undefined || (url.protocol !== 'nats:' && url.protocol !== 'tls:') || url.hostname === '')
    throw invalidUrl(`"${server}" as a URL of NATS`, 'write it like nats://host:4222 or tls://host:4222')
}

const invalidUrl = (what: string, why: string): Fault =>
  new Fault({ kind: 'invalid', code: 'InvalidBrokerUrl', message: `cannot use ${what}: ${why}` })

export const wantsTls = ({ servers }: BrokerSettings, { tls }: Credentials): boolean =>
  tls !== undefined || servers.some((server) => server.startsWith('tls:'))

/** @throws Fault missing CredentialsNotFound, invalid CredentialsIncomplete */
export function readCredentials(path: string): Credentials {
  if (!existsSync(path))
    throw new Fault({
      kind: 'missing',
      code: 'CredentialsNotFound',
      message: `cannot read the credentials of NATS: there is no "${path}"; mount the Secret there`,
    })
  if (!statSync(path).isDirectory()) return { creds: read(path) ?? '' }
  const value = (key: CredentialKey) => read(join(path, key))
  const [creds, name, password, token] = [value('nats.creds'), value('username'), value('password'), value('token')]
  if ((name === undefined) !== (password === undefined)) throw incomplete(path, 'username and password belong together')
  const tls = tlsOf(path)
  const isEmpty = creds === undefined && name === undefined && token === undefined && tls === undefined
  if (isEmpty) throw incomplete(path, `it has none of ${Object.keys(CREDENTIAL_KEYS).join(', ')}`)
  return {
    ...(creds === undefined ? {} : { creds }),
    ...(name === undefined || password === undefined ? {} : { user: { name, password } }),
    ...(token === undefined ? {} : { token }),
    ...(tls === undefined ? {} : { tls }),
  }
}

function tlsOf(folder: string): Credentials['tls'] {
  const path = (key: CredentialKey) => (existsSync(join(folder, key)) ? join(folder, key) : undefined)
  const [caFile, certFile, keyFile] = [path('ca.crt'), path('tls.crt'), path('tls.key')]
  if ((certFile === undefined) !== (keyFile === undefined))
    throw incomplete(folder, 'tls.crt and tls.key belong together')
  if (caFile === undefined && certFile === undefined) return undefined
  return {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined || keyFile === undefined ? {} : { certFile, keyFile }),
  }
}

const incomplete = (path: string, why: string): Fault =>
  new Fault({
    kind: 'invalid',
    code: 'CredentialsIncomplete',
    message: `cannot use the credentials of NATS in "${path}": ${why}; correct the Secret`,
  })

/** Without the line end that editors leave. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw incomplete(path, 'it cannot be read')
  }
}
