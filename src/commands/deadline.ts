// From the numbers of EX, PX, EXAT, PXAT and the EXPIRE family to a deadline in ms since the epoch, with Redis's overflow
// rules. Sums beyond 2^53 ms are checked exactly and kept rounded: a deadline is a double.

import { INT64_MAX, INT64_MIN } from '../bytes/int64.ts'
import { type CommandError, invalidExpire } from '../resp/errors.ts'
import type { Args } from './args.ts'

export type Unit = 'seconds' | 'milliseconds'
/** Above this, seconds times 1000 plus now may leave the exact range of a double. */
const EXACT_LIMIT = 2 ** 42

/** The deadline that word `i` asks for, `baseMs` being added (0 for absolute times). Throws `invalid` on overflow only. */
export function deadlineAt(args: Args, i: number, unit: Unit, baseMs: number, invalid: CommandError): number {
  const n = args.safe(i)
  if (n > -EXACT_LIMIT && n < EXACT_LIMIT) return (unit === 'seconds' ? n * 1000 : n) + baseMs
  let exact = args.int64(i)
  if (unit === 'seconds') {
    if (exact > INT64_MAX / 1000n || exact < INT64_MIN / 1000n) throw invalid
    exact *= 1000n
  }
  if (exact > INT64_MAX - BigInt(baseMs)) throw invalid
  return Number(exact + BigInt(baseMs))
}

/** As deadlineAt for SET, GETEX and their like, where zero and negative times are refused too. `name` as Redis's error names the command. */
export function positiveDeadline(args: Args, i: number, unit: Unit, baseMs: number, name: string): number {
  const n = args.safe(i)
  if (n > 0 && n < EXACT_LIMIT) return (unit === 'seconds' ? n * 1000 : n) + baseMs
  const exact = args.int64(i)
  const invalid = invalidExpire(name)
  if (exact <= 0n) throw invalid
  const deadline = deadlineAt(args, i, unit, baseMs, invalid)
  if (deadline <= 0) throw invalid
  return deadline
}
