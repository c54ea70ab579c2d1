// All kinds of sources, by kind.
import type { EngineName, SourcePlan } from '../plan/index.ts'
import type { SourceOn, SqlSession, StepContext } from '../step/index.ts'
import { fileSource } from './file.ts'
import { rowsSource } from './rows.ts'
import { tableSource } from './table.ts'
import { tempSource } from './temp.ts'

export { placedAtSource } from './late-fault.ts'

/** How one engine reads one source. */
export interface OpenableSource {
  folders(context: StepContext): string[]
  files(context: StepContext): string[]
  extensions(): string[]
  /** @returns a SELECT that gives the source's rows */
  open(session: SqlSession, context: StepContext): Promise<string>
}

export function sourceOn(engine: EngineName, source: SourcePlan): OpenableSource {
  switch (source.kind) {
    case 'table':
      return bound(tableSource[engine], source)
    case 'file':
      return bound(fileSource[engine], source)
    case 'temp':
      return bound(tempSource[engine], source)
    case 'rows':
      return bound(rowsSource[engine], source)
    default:
      return source satisfies never
  }
}

function bound<Source extends SourcePlan>(on: SourceOn<Source>, source: Source): OpenableSource {
  return {
    folders: (context) => on.folders(source, context),
    files: (context) => on.files?.(source, context) ?? [],
    extensions: () => on.extensions?.(source) ?? [],
    open: (session, context) => on.open(source, session, context),
  }
}
