// Who may talk to the API server: users with a token from its token file, and the kubeconfig files they use.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Api } from './api.ts'

export interface UserSpec {
  readonly name: string
  /** `system:masters` may do everything; no groups mean that only RBAC bindings give rights. */
  readonly groups?: readonly string[]
  /** Random where not given. */
  readonly token?: string
}

export interface User {
  readonly name: string
  readonly token: string
  /** Path of a kubeconfig file for this user. */
  readonly kubeconfig: string
  readonly api: Api
}

export interface Endpoint {
  readonly url: string
  readonly ca: string
}

export interface TokenLine {
  readonly name: string
  readonly token: string
  readonly groups: readonly string[]
}

export function withToken(user: UserSpec): TokenLine {
  return { name: user.name, token: user.token ?? randomBytes(16).toString('hex'), groups: user.groups ?? [] }
}

/** The file that kube-apiserver reads with --token-auth-file. */
export function writeTokenFile(path: string, lines: readonly TokenLine[]): void {
  const text = lines.map((line, index) => `${line.token},${line.name},uid-${index},"${line.groups.join(',')}"\n`)
  writeFileSync(path, text.join(''), { mode: 0o600 })
}

/** A user with a kubeconfig file of its own in `folder`. */
export function makeUser(folder: string, endpoint: Endpoint, { name, token }: { name: string; token: string }): User {
  const kubeconfig = join(folder, `${name.replaceAll(/[^a-z0-9.-]/gi, '-')}.kubeconfig`)
  writeFileSync(kubeconfig, kubeconfigText(endpoint, name, token), { mode: 0o600 })
  return { name, token, kubeconfig, api: new Api({ ...endpoint, token }) }
}

/** JSON is YAML, so every reader of kubeconfigs takes it. */
function kubeconfigText({ url, ca }: Endpoint, user: string, token: string): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user, namespace: 'default' } }],
    'current-context': 'test',
  }
  return `${JSON.stringify(config, null, 2)}\n`
}
