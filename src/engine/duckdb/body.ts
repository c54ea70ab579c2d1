// What happens between sources and target, as a query.
import { Fault } from '../../base/index.ts'
import { type ParamValues, renderTemplate, type StepPlan, type Template } from '../../plan/index.ts'
import { type ColumnType, identifier, paramLiteral, type SqlSession, type StepContext } from '../../step/index.ts'
import { codeBody } from './code-body.ts'
import { SqlFailure } from './errors.ts'
import { checkedSelect, type ParsedSelect } from './select.ts'

export interface Body {
  /** A SELECT that can stand between brackets. */
  query: string
  /** Says where in the manifest a fault lies that came while the query ran. */
  place: (fault: Fault) => Fault
}

/** @param parsed of the body's SQL, where that is known */
export async function openBody(
  step: StepPlan,
  session: SqlSession,
  { context, parsed }: { context: StepContext; parsed?: ParsedSelect | undefined },
): Promise<Body> {
  const { body } = step
  switch (body.kind) {
    case 'copy':
      return { query: `SELECT * FROM ${identifier(onlySource(step))}`, place: withoutPlace }
    case 'sql':
      return await sqlBody(body.sql, session, { params: context.info.params, parsed })
    case 'code':
      return { query: await codeBody({ ...step, body }, session, context), place: withoutPlace }
    default:
      return body satisfies never
  }
}

function onlySource({ name, sources }: { name: string; sources: StepPlan['sources'] }): string {
  const [source, other] = sources
  if (source !== undefined && other === undefined) return source.alias
  throw new Fault({
    kind: 'invalid',
    code: 'CopyNeedsOneSource',
    message: `cannot copy in step "${name}": it has ${sources.length} sources; give it exactly one, or a body`,
  })
}

/** The SQL that the user wrote, params filled in; empty where there is none. */
export function bodyText({ body }: StepPlan, { info }: StepContext): string {
  return body.kind === 'sql' ? rendered(body.sql, info.params).text : ''
}

const rendered = (template: Template, params: ParamValues) => renderTemplate(template, paramLiteral(params))

/** @throws Fault invalid, with the place in the SQL as the user wrote it */
export async function sqlBody(
  template: Template,
  session: SqlSession,
  { params, parsed }: { params: ParamValues; parsed?: ParsedSelect | undefined },
): Promise<Body & { columns: ColumnType[] }> {
  const { text, sourceOffset } = rendered(template, params)
  const at = (offset: number | undefined) =>
    offset === undefined ? {} : { at: { field: 'sql', offset: sourceOffset(offset) } }
  const { query, columns } = await checkedSelect(text, session, parsed).catch((thrown: unknown) => {
    if (!(thrown instanceof Fault)) throw thrown
    throw copyOf(thrown, at(thrown.at?.offset))
  })
  return {
    query,
    columns,
    place(fault) {
      const { cause } = fault
      if (!(cause instanceof SqlFailure) || (fault.at !== undefined && fault.at.field !== 'sql')) return fault
      const start = cause.statement.indexOf(query)
      const offset = start < 0 || cause.offset === undefined ? undefined : cause.offset - start
      return copyOf(fault, offset !== undefined && offset >= 0 && offset <= query.length ? at(offset) : {})
    },
  }
}

/** A position in a text that is not the user's tells nothing. */
function withoutPlace(fault: Fault): Fault {
  return fault.cause instanceof SqlFailure && fault.at?.field === 'sql' ? copyOf(fault, {}) : fault
}

function copyOf(fault: Fault, place: { at?: { field: string; offset: number } }): Fault {
  return new Fault({ kind: fault.kind, code: fault.code, message: fault.message, ...place, cause: fault })
}
