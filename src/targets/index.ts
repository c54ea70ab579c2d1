// All kinds of targets, by kind.
import type { EngineName, TargetPlan, WriteResult } from '../plan/index.ts'
import type { SqlSession, StepContext, TargetOn } from '../step/index.ts'
import { fileTarget } from './file.ts'
import { tableTarget } from './table/index.ts'
import { tempTarget } from './temp.ts'

/** How one engine writes one target. */
export interface WritableTarget {
  folders(context: StepContext): string[]
  files(context: StepContext): string[]
  extensions(): string[]
  write(query: string, session: SqlSession, context: StepContext): Promise<WriteResult>
}

export function targetOn(engine: EngineName, target: TargetPlan): WritableTarget {
  switch (target.kind) {
    case 'table':
      return bound(tableTarget[engine], target)
    case 'file':
      return bound(fileTarget[engine], target)
    case 'temp':
      return bound(tempTarget[engine], target)
    default:
      return target satisfies never
  }
}

function bound<Target extends TargetPlan>(on: TargetOn<Target>, target: Target): WritableTarget {
  return {
    folders: (context) => on.folders(target, context),
    files: (context) => on.files?.(target, context) ?? [],
    extensions: () => on.extensions?.(target) ?? [],
    write: (query, session, context) => on.write(query, target, session, context),
  }
}
