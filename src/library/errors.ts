// Errors that the library throws. Each keeps what a program needs to go on: the problems, the names, or the report.
import type { Problem } from '../compile/index.ts'
import type { RunReport } from '../plan/index.ts'

/** The pipeline, its params or the storage do not compile; nothing has been run. */
export class CompilationError extends Error {
  override readonly name: string = 'CompilationError'
  /** All of them, warnings too. */
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const errors = problems.filter(({ severity }) => severity === 'error')
    super(errors.map(({ code, path, message, hint }) => `${code} at ${path}: ${message}; ${hint}`).join('\n'))
    this.problems = problems
  }
}

/** `include` names steps or processes that the pipeline does not have, or is no list of names (FLT-2, FLT-6, FLT-7). */
export class InvalidStageError extends CompilationError {
  override readonly name = 'InvalidStageError'
}

/** A step has failed. `cause` is the Fault that it threw; of several, the first in declared order (EXE-5). */
export class StepFailedError extends Error {
  override readonly name: string = 'StepFailedError'
  readonly report: RunReport

  constructor(report: RunReport, cause?: unknown) {
    const { error } = report
    const message =
      error === undefined
        ? 'cannot finish the run: it was interrupted; run it again to go on'
        : `step "${error.process}/${error.step}" failed: ${error.code}: ${error.message}`
    super(message, cause === undefined ? undefined : { cause })
    this.report = report
  }

  /** What a retry would help: see FaultKind. */
  get kind(): string {
    return this.report.error?.kind ?? 'transient'
  }

  get code(): string {
    return this.report.error?.code ?? 'Interrupted'
  }
}

/** The run's signal was aborted before its end; running it again with the same run id goes on where it was. */
export class RunCancelledError extends StepFailedError {
  override readonly name = 'RunCancelledError'
}
