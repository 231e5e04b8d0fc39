// Where the keys of a request stand, from its row's key specs: for COMMAND GETKEYS, and as the triple first-last-step with
// which clients older than Redis 7 find keys.

import type { Args } from './args.ts'
import type { Command, KeySpec } from './command.ts'

export interface KeyPosition {
  /** The word that is a key. */
  readonly word: number
  readonly flags: readonly string[]
}

/**
 * The keys of the request that starts at word `from` of `args`, in the order of the specs. Undefined when a spec points
 * beyond the last word: then the request is malformed.
 */
export function keyPositions(row: Command, args: Args, from: number): readonly KeyPosition[] | undefined {
  const found: KeyPosition[] = []
  for (const spec of row.keys ?? []) {
    const first = from + spec.at
    const last = spec.last < 0 ? args.count + spec.last : first + spec.last
    if (last >= args.count || last < first) return undefined
    const flags = spec.flagsOf?.(args, from) ?? spec.flags
    for (let word = first; word <= last; word += spec.step) found.push({ word, flags })
  }
  return found
}

/** First key, last key (negative: from the end), step; zeros without keys. Redis joins specs that follow on each other. */
export function legacyRange(specs: readonly KeySpec[]): readonly [first: number, last: number, step: number] {
  const [head, ...rest] = specs
  if (head === undefined) return [0, 0, 0]
  let last = lastWord(head)
  for (const spec of rest) if (spec.step === 1 && spec.at === last + 1) last = lastWord(spec)
  return [head.at, last, head.step]
}

const lastWord = (spec: KeySpec): number => (spec.last < 0 ? spec.last : spec.at + spec.last)
