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
    const words = wordsOf(spec, args, from)
    if (words === undefined) return undefined
    const flags = spec.flagsOf?.(args, from) ?? spec.flags
    for (const word of words) found.push({ word, flags })
  }
  return found
}

function wordsOf(spec: KeySpec, args: Args, from: number): readonly number[] | undefined {
  const exactly = spec.found ?? spec.words
  if (exactly !== undefined) return exactly(args, from)
  let first = from + spec.at
  let { last } = spec
  if (spec.after !== undefined) {
    first = wordAfter(args, first, spec.after.toLowerCase())
    if (first === 0) return []
  }
  if (spec.counted === true) {
    const keys = first < args.count ? args.safe(first) : NaN
    if (!(keys > 0)) return undefined
    first++
    last = keys - 1
  }
  last = last < 0 ? args.count + last : first + last
  if (last >= args.count || last < first) return undefined
  const words: number[] = []
  for (let word = first; word <= last; word += spec.step) words.push(word)
  return words
}

/** The word after the first one from `at` on that spells `token`, 0 when there is none. */
function wordAfter(args: Args, at: number, token: string): number {
  for (let i = at; i < args.count; i++) if (args.text(i).toLowerCase() === token) return i + 1
  return 0
}

/** Whether the place of the keys is the same in every request. */
export const isFixed = (spec: KeySpec): boolean =>
  spec.counted === undefined && spec.after === undefined && spec.found === undefined

/** First key, last key (negative: from the end), step; zeros without keys. Redis joins specs that follow on each other. */
export function legacyRange(specs: readonly KeySpec[]): readonly [first: number, last: number, step: number] {
  const [head, ...rest] = specs.filter(isFixed)
  if (head === undefined) return [0, 0, 0]
  let last = lastWord(head)
  for (const spec of rest) if (spec.step === 1 && spec.at === last + 1) last = lastWord(spec)
  return [head.at, last, head.step]
}

const lastWord = (spec: KeySpec): number => (spec.last < 0 ? spec.last : spec.at + spec.last)
