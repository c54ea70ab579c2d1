// What compile can't know by itself: which code modules and which tables are there.
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isObjectUri } from '../base/index.ts'
import type { CompileFacts } from '../compile/index.ts'
import { storesOf } from '../formats/index.ts'
import { type Plan, type StorageBinding, stepsOf } from '../plan/index.ts'

export interface Missing {
  facts: Pick<CompileFacts, 'modules' | 'tables'>
  /** Something that the plan names is not there. */
  any: boolean
}

/** @param tables whether tables are looked for; not when somebody else reads or writes them */
export async function lookAround(
  { plan, binding }: { plan: Plan; binding: StorageBinding },
  { tables }: { tables: boolean },
): Promise<Missing> {
  const modules: Record<string, boolean> = {}
  for (const { body } of stepsOf(plan))
    if (body.kind === 'code' && 'module' in body)
      modules[body.module] = await exists(join(binding.moduleRoot, body.module))
  const found: NonNullable<CompileFacts['tables']> = {}
  if (tables)
    await Promise.all(
      Object.entries(binding.tables).map(async ([ref, { uri }]) => {
        found[ref] = (await holdsSomething(uri, binding)) ? 'exists' : 'missing'
      }),
    )
  const any = Object.values(modules).includes(false) || Object.values(found).includes('missing')
  return { facts: { modules, ...(tables ? { tables: found } : {}) }, any }
}

const exists = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  )

/** What lies there may be no table, or one that can't be read: the step that needs it says what is wrong. */
async function holdsSomething(uri: string, binding: StorageBinding): Promise<boolean> {
  try {
    if (isObjectUri(uri)) return (await storesOf(binding)(uri).list('_delta_log/')).length > 0
    return (await readdir(uri)).length > 0
  } catch (thrown) {
    return !(thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR'))
  }
}
