// Which lines of a pod's log are a run's, and how they are shown. Pure.
//
// A step's own pod has nothing but its lines. A worker runs steps of many runs, one at a time: its own lines say whose they
// are, and what a step's code prints lies between the line that says it starts and the one that says it has ended.

/** A step of the run that is asked about. */
export interface StepName {
  process: string
  step: string
}

export interface StepLine extends StepName {
  attempt: number
  try: number
  text: string
}

/** Reads the log of a step's own pod. */
export const ownLine =
  (of: Omit<StepLine, 'text'>) =>
  (text: string): StepLine => ({ ...of, text })

/** Reads the log of a worker, line by line. @returns undefined for a line of others */
export function workerLines(runUid: string, isWanted: (step: StepName) => boolean) {
  let current: Omit<StepLine, 'text'> | undefined
  return (text: string): StepLine | undefined => {
    const fields = fieldsOf(text)
    if (fields === undefined || typeof fields['worker'] !== 'string')
      return current === undefined || !isWanted(current) ? undefined : { ...current, text }
    const about = aboutOf(fields, runUid)
    if (fields['msg'] === STARTS) current = about
    else if (typeof fields['state'] === 'string') current = undefined
    return about === undefined || !isWanted(about) ? undefined : { ...about, text }
  }
}

/** What a worker says first of a step. */
const STARTS = 'step starts'

function aboutOf(fields: Record<string, unknown>, uid: string): Omit<StepLine, 'text'> | undefined {
  const { runUid, process, step, attempt, try: number } = fields
  if (runUid !== uid || typeof process !== 'string' || typeof step !== 'string') return undefined
  return { process, step, attempt: Number(attempt) || 1, try: Number(number) || 1 }
}

/** What the head of a line, or the one who asks, knows already. */
const KNOWN = new Set([
  'level',
  'time',
  'msg',
  'process',
  'step',
  'attempt',
  'try',
  'run',
  'runId',
  'runUid',
  'correlationId',
  'pipeline',
  'worker',
  'pool',
])

const LEVELS: Readonly<Record<string, string>> = { 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }

/** Our own JSON lines as `12:00:01.250 warn  message  field=value`; what else was printed, as it is. */
export function shownText(text: string): string {
  const fields = fieldsOf(text)
  const { level, time, msg } = fields ?? {}
  if (fields === undefined || typeof msg !== 'string' || typeof time !== 'number' || typeof level !== 'number')
    return text
  const clock = Math.abs(time) <= 8.64e15 ? `${new Date(time).toISOString().slice(11, 23)} ` : ''
  const more = Object.entries(fields)
    .filter(([name, value]) => !KNOWN.has(name) && value !== null)
    .map(([name, value]) => `  ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return `${clock}${(LEVELS[String(level)] ?? String(level)).padEnd(5)} ${msg}${more.join('')}`
}

/** `ingest/raw_flights`, with what tells its tries apart where there is more than one. */
export const stepLabel = ({ process, step, attempt, try: number }: Omit<StepLine, 'text'>): string =>
  [`${process}/${step}`, ...(attempt > 1 ? [`attempt ${attempt}`] : []), ...(number > 1 ? [`try ${number}`] : [])].join(
    ' ',
  )

function fieldsOf(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
