// loom crds: the custom resource definitions, to standard output or into a folder.
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { renderCrds } from '../../manifest/index.ts'
import { EXIT, type Io } from '../io.ts'

export async function crdsCommand(folder: string | undefined, io: Io): Promise<number> {
  const crds = renderCrds()
  if (folder === undefined) {
    io.out(crds.map(({ yaml }) => yaml).join('---\n'))
    return EXIT.succeeded
  }
  await mkdir(resolve(io.cwd, folder), { recursive: true })
  for (const { name, yaml } of crds) {
    const path = join(folder, `${name}.yaml`)
    await writeFile(resolve(io.cwd, path), yaml)
    io.out(`wrote ${path}\n`)
  }
  return EXIT.succeeded
}
