// Bugs that a dispatch may really have, each put between two sound parts. The simulation must find every one of them; one
// that it can't find shows that an invariant is missing.
import { encode } from '../../../src/dispatch/index.ts'
import type { LeaseSource } from '../../../src/effects/index.ts'
import type { Party } from './model-broker.ts'
import type { Bug } from './world.ts'

type Sources = NonNullable<Bug['leases']>

/** The sound one, but for some of its methods. */
const but =
  (change: (sound: LeaseSource, now: () => number) => Partial<LeaseSource>): Sources =>
  (sound, now) => {
    const changed = change(sound, now)
    return new Proxy(sound, {
      get: (_, name) => {
        const of = name in changed ? changed : sound
        const member = Reflect.get(of, name, of) as unknown
        return typeof member === 'function' ? member.bind(of) : member
      },
    })
  }

/** What a worker asks on that subject is answered at once with that kind. */
const answersAtOnce =
  (name: string, kind: string): NonNullable<Bug['broker']> =>
  (sound) =>
    new Proxy(sound, {
      get: (_, member) => {
        if (member !== 'serve') {
          const value = Reflect.get(sound, member, sound) as unknown
          return typeof value === 'function' ? value.bind(sound) : value
        }
        const serve: Party['serve'] = (subjects, hear) =>
          sound.serve(subjects, (subject, data, answer) => {
            const { epoch } = JSON.parse(Buffer.from(data).toString()) as { epoch: number }
            if (subject.endsWith(name)) answer(encode({ version: 1, kind, epoch }))
            hear(subject, data, answer)
          })
        return serve
      },
    })

export const DISPATCH_BUGS: Record<string, Bug> = {
  'an outcome is settled before the status that holds it is written': { broker: answersAtOnce('outcome', 'settled') },
  'a lease is over for the operator before it is over for its worker': { leaseMs: 2_000 },
  'a worker commits while its lease is not renewed': { commitsAnyway: true },
  'a worker that got no answer waits for ever': { asksOnce: true },
  'a new leader gives out at once what an earlier one has leased': {
    leases: but((sound) => ({
      agree: (run, agreement) =>
        sound.agree(run, { ...agreement, wanted: agreement.wanted.map((want) => ({ ...want, mayBeHeld: false })) }),
    })),
  },
  'a new leader believes that nothing was leased before': {
    leases: but((sound) => ({ ...sound, oldLeasesEnd: 0 })),
  },
  'a cancelled run is finished while a worker has a step of it': {
    leases: but((sound) => ({ factsOf: (uid, all) => (all === true ? [] : sound.factsOf(uid)), oldLeasesEnd: 0 })),
  },
  'what a suspended run had in line is still given out': {
    leases: but((sound) => ({
      agree: (run, agreement) => {
        if (agreement.wanted.length > 0 || agreement.stop !== undefined || agreement.final === true)
          sound.agree(run, agreement)
      },
    })),
  },
  'leases of a run that is gone stay': { leases: but(() => ({ gone: () => {} })) },
  'a deposed leader goes on serving, and the next one is not numbered higher': { neverDeposed: true, losesTerms: true },
  'a run is not looked at when its leases change': { neverLooks: true },
}
