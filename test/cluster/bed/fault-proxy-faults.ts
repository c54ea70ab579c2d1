// What the fault proxy can do to a request, and which requests a rule is for.

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'

/** A request as far as rules and counts care. */
export interface RequestKind {
  readonly verb: Verb
  /** Plural, and the subresource if any: `jobs`, `etlruns/status`. */
  readonly resource: string
  readonly query: URLSearchParams
}

/** Absent = any. */
export interface Match {
  readonly verb?: Verb | readonly Verb[]
  readonly resource?: string
}

export type Fault =
  /** Answers itself; the API server is not asked. `body`: anything else than a Status, such as a proxy's page. */
  | { readonly do: 'refuse'; readonly status: number; readonly retryAfter?: number; readonly body?: string }
  /** Passes the request on after a while. */
  | { readonly do: 'delayRequest'; readonly ms: number }
  /** Passes the request on at once, the answer back after a while. */
  | { readonly do: 'delayAnswer'; readonly ms: number }
  /** Answer's head at once, its body after a while. */
  | { readonly do: 'delayBody'; readonly ms: number }
  /** Cuts the stream before the API server is asked. */
  | { readonly do: 'cutBefore' }
  /** The API server does it; the client sees a cut instead of the answer. */
  | { readonly do: 'loseAnswer' }
  /** The first half of the body, then a proper end, or a cut. */
  | { readonly do: 'halfBody'; readonly cut: boolean }
  /** Never answers, and closes nothing. */
  | { readonly do: 'hold' }
  /** A watch that the API server ends sooner than it was asked to, with a bookmark shortly before. */
  | { readonly do: 'shortenWatch'; readonly seconds: number }
  /** A watch that goes silent after some lines. */
  | { readonly do: 'holdWatch'; readonly lines: number }
  /** A watch that breaks after some lines; in the middle of the next, if asked so. */
  | { readonly do: 'cutWatch'; readonly lines: number; readonly inLine?: boolean }
  /** A watch that says after some lines that its version is too old, as the API server says it. */
  | { readonly do: 'expireWatch'; readonly lines: number }
  /** A watch with a line that is no event, after some lines. */
  | { readonly do: 'garbleWatch'; readonly lines: number; readonly line: string }

export function matches({ verb, resource }: Match, kind: RequestKind): boolean {
  if (resource !== undefined && resource !== kind.resource) return false
  return verb === undefined || [verb].flat().includes(kind.verb)
}

const WRITES: Record<string, Verb> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

/** Reads `/api/v1/…` and `/apis/group/version/…`. */
export function requestKind(method: string, url: string): RequestKind {
  const { pathname, searchParams: query } = new URL(url, 'https://any')
  const parts = pathname.split('/').slice(1)
  const inGroup = parts.slice(parts[0] === 'apis' ? 3 : 2)
  const [resource = '', name, subresource] =
    inGroup[0] === 'namespaces' && inGroup.length > 2 ? inGroup.slice(2) : inGroup
  const read = query.get('watch') === 'true' ? 'watch' : name === undefined ? 'list' : 'get'
  return { verb: WRITES[method] ?? read, resource: [resource, subresource].filter(Boolean).join('/'), query }
}

const REASONS: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** As the API server words it. */
export function statusBody(code: number): Record<string, unknown> {
  const message = code === 410 ? 'too old resource version: 1 (2)' : `the fault proxy says ${code}`
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: REASONS[code] ?? '',
    code,
  }
}
