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

/** `include` names steps or processes that the pipeline does not have, or none at all (FLT-2, FLT-6). */
export class InvalidStageError extends CompilationError {
  override readonly name = 'InvalidStageError'
}

/** A step has failed, or the run was interrupted. */
export class StepFailedError extends Error {
  override readonly name = 'StepFailedError'
  readonly report: RunReport

  constructor(report: RunReport) {
    const { error } = report
    const message =
      error === undefined
        ? 'the run was interrupted'
        : `step "${error.process}/${error.step}" failed: ${error.code}: ${error.message}`
    super(message)
    this.report = report
  }
}
