// The words that commands on deadlines of fields share: FIELDS with a count, and times. As in Redis 7.4, which looks at the
// key before all of them.

import { fromText } from '../bytes/ascii.ts'
import {
  type CommandError,
  FIELD_EXPIRE_NEGATIVE,
  FIELDS_MISMATCH,
  FIELDS_MISSING,
  invalidExpire,
} from '../resp/errors.ts'
import type { Args } from './args.ts'
import type { Unit } from './deadline.ts'

export const FIELDS = fromText('fields')

/** The latest deadline of a field, ms since the epoch: Redis's HFE_MAX_ABS_TIME_MSEC, the year 4199. */
const MAX_DEADLINE_MS = 2 ** 46 - 1

/** The first of the words after `FIELDS numfields` at word `at`; they go on to the end. Throws `notPositive` for a wrong number. */
export function fieldsFrom(args: Args, at: number, notPositive: CommandError): number {
  if (at + 1 >= args.count || !args.is(at, FIELDS)) throw FIELDS_MISSING
  const count = args.intIn(at + 1, 1, Number.POSITIVE_INFINITY, notPositive)
  if (count !== args.count - at - 2) throw FIELDS_MISMATCH
  return at + 2
}

/** The deadline in ms that word `i` asks for, `baseMs` being added (0 for absolute times). `name` as errors name the command. */
export function fieldDeadlineAt(args: Args, i: number, unit: Unit, baseMs: number, name: string): number {
  const given = args.int(i)
  if (given < 0) throw FIELD_EXPIRE_NEGATIVE
  const ms = unit === 'seconds' ? given * 1000 : given
  if (ms > MAX_DEADLINE_MS - baseMs) throw invalidExpire(name)
  return ms + baseMs
}
