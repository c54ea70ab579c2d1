// Runs a code step's function and makes a query of what it returns.
import { Fault } from '../../base/index.ts'
import type { ParamValues, TypedValue } from '../../plan/index.ts'
import { identifier, type Row, type SqlSession, type StepContext } from '../../step/index.ts'
import type { CodeContext, CodeParam, CodeRows, Relation } from '../code.ts'
import { type CodeStep, codeFault, loadCode } from './code-module.ts'
import { checkedSelect } from './select.ts'

const RESULT_TABLE = 'result of code'

/** @throws Fault invalid CodeStepFailed, CodeReturnedNothing, RowTypeClash and what loading the module finds */
export async function codeBody(step: CodeStep, session: SqlSession, context: StepContext): Promise<string> {
  const unit = await loadCode(step, context.storage.moduleRoot)
  try {
    const given = await codeContext(step, session, context)
    const work = async () => await queryOf(await unit.run(given), step, session)
    return await untilAborted(work(), context.signal)
  } catch (thrown) {
    if (context.signal.aborted) throw interrupted(step)
    throw codeFault(thrown, unit, step)
  }
}

async function codeContext(step: CodeStep, session: SqlSession, context: StepContext): Promise<CodeContext> {
  const sources: Record<string, Relation> = {}
  for (const { alias } of step.sources) {
    const columns = await session.describe(`SELECT * FROM ${identifier(alias)}`)
    sources[alias] = {
      sql: identifier(alias),
      columns,
      rows: () => rowsOf(`SELECT * FROM ${identifier(alias)}`, session),
    }
  }
  return {
    params: codeParams(context.info.params),
    sources,
    log: context.log,
    signal: context.signal,
    async query(sql) {
      const { query, columns } = await checkedSelect(sql, session)
      return { sql: `(${query})`, columns, rows: () => rowsOf(query, session) }
    },
  }
}

async function* rowsOf(query: string, session: SqlSession): AsyncGenerator<Row> {
  for await (const rows of session.stream(query)) yield* rows
}

/** The params of a run as code sees them. */
function codeParams(params: ParamValues): Record<string, CodeParam> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, codeParam(value)]))
}

function codeParam(param: TypedValue): CodeParam {
  switch (param.type) {
    case 'list':
      return param.value.map(codeParam)
    case 'integer':
      return Number.isSafeInteger(Number(param.value)) ? Number(param.value) : BigInt(param.value)
    case 'timestamp':
      return new Date(param.value)
    default:
      return param.value
  }
}

async function queryOf(result: unknown, step: CodeStep, session: SqlSession): Promise<string> {
  if (typeof result === 'string') return (await checkedSelect(result, session)).query
  if (typeof result !== 'object' || result === null) throw returnedWrong(step, result)
  if ('sql' in result && typeof result.sql === 'string')
    return (await checkedSelect(`SELECT * FROM ${result.sql}`, session)).query
  if ('rows' in result && isRows(result.rows)) {
    const columns = 'columns' in result && Array.isArray(result.columns) ? result.columns : undefined
    await session.load(RESULT_TABLE, result.rows, columns)
  } else if (isRows(result)) await session.load(RESULT_TABLE, result)
  else throw returnedWrong(step, result)
  return `SELECT * FROM ${identifier(RESULT_TABLE)}`
}

function isRows(value: unknown): value is CodeRows {
  return typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
}

function returnedWrong({ name }: CodeStep, result: unknown): Fault {
  const what = result === undefined || result === null ? 'nothing' : `a ${typeof result}`
  return new Fault({
    kind: 'invalid',
    code: 'CodeReturnedNothing',
    message: `cannot use the result of the code of step "${name}": it returned ${what}; return a query's text, a relation, or rows`,
  })
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    if (signal.aborted) onAbort()
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function interrupted({ name }: CodeStep): Fault {
  return new Fault({
    kind: 'transient',
    code: 'Interrupted',
    message: `cannot finish the code of step "${name}": it was interrupted`,
  })
}
