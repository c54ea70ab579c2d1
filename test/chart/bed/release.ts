// A release of the chart on a cluster, by Helm as users call it.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findHelm } from './helm.ts'

const run = promisify(execFile)

export const CHART = join(import.meta.dirname, '../../../charts/loom-operator')
export const RELEASE = 'loom-operator'
export const NAMESPACE = 'loom-system'

export class Release {
  readonly #kubeconfig: string
  readonly #values: readonly string[]

  /** `values` are given to every install and upgrade, like `image.tag=test`. */
  constructor(kubeconfig: string, values: readonly string[]) {
    this.#kubeconfig = kubeconfig
    this.#values = values
  }

  async install(more: readonly string[] = []): Promise<string> {
    return await this.#deploy('install', ['--create-namespace', ...sets(more)])
  }

  async upgrade(more: readonly string[] = []): Promise<string> {
    return await this.#deploy('upgrade', sets(more))
  }

  async test(): Promise<string> {
    return await this.helm('test', RELEASE, '--timeout', '3m')
  }

  async uninstall(): Promise<string> {
    return await this.helm('uninstall', RELEASE, '--wait', '--timeout', '3m')
  }

  async helm(...args: readonly string[]): Promise<string> {
    const where = ['--kubeconfig', this.#kubeconfig, '--namespace', NAMESPACE]
    try {
      return (await run(await findHelm(), [...args, ...where])).stdout
    } catch (thrown) {
      const { stderr = '', stdout = '' } = thrown as { stderr?: string; stdout?: string }
      throw new Error(`helm ${args.join(' ')} failed: ${stderr}${stdout}`, { cause: thrown })
    }
  }

  async #deploy(verb: string, more: readonly string[]): Promise<string> {
    return await this.helm(verb, RELEASE, CHART, '--wait', '--timeout', '3m', ...sets(this.#values), ...more)
  }
}

const sets = (values: readonly string[]): string[] => values.flatMap((value) => ['--set', value])
