// What blocking commands have in common: the timeout they are given, and what they answer where nobody may wait.

import { TIMEOUT_NEGATIVE, TIMEOUT_NOT_A_FLOAT } from '../resp/errors.ts'
import type { Args } from './args.ts'
import type { SessionContext } from './command.ts'

/** Beyond it Redis's 64 bits of milliseconds wrap around, and it calls the timeout negative. */
const MOST_MS = 2 ** 63

/** The moment that the seconds in word `i` lead to, ms; 0 for ever. Throws Redis's errors. */
export function untilMs(args: Args, i: number, nowMs: number): number {
  const ms = Math.ceil(args.double(i, TIMEOUT_NOT_A_FLOAT) * 1000)
  if (!(ms >= 0 && ms < MOST_MS)) throw TIMEOUT_NEGATIVE
  return ms === 0 ? 0 : nowMs + ms
}

/**
 * Nothing was found: waits for keys of this type in the `n` words from `first` on, or answers at once where that is not
 * allowed.
 */
export function waitFor(
  ctx: SessionContext,
  type: number,
  first: number,
  n: number,
  until: number,
  instead: 'null' | 'nullArray',
): void {
  if (ctx.waiting.isAllowed) ctx.waiting.ask(type, first, n, until)
  else if (instead === 'null') ctx.reply.null()
  else ctx.reply.nullArray()
}
