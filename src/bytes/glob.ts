// Glob patterns over bytes, as Redis's stringmatchlen has them: KEYS, SCAN, PSUBSCRIBE, ACL key patterns.
//
//   *       any run of bytes             [abc]  [^a]  [a-z]  one of these; a range may be written backwards
//   ?       one byte                     \x      x itself, also within [ ]
//
// Quirks kept: an empty text matches only the empty pattern (not "*"); an unclosed "[" runs to the end of the pattern; a
// trailing "\" stands for itself; ranges compare bytes as signed, as C on x86 does; more than 1000 stars match nothing.
// Bounded: only the last star is ever moved, since where an earlier one ends cannot matter once a later one was reached.
// So a match costs at most text * pattern steps, and no recursion.

import { lower } from './ascii.ts'

/** Redis's limit of nested calls, one for each star. A star at the very end of a pattern does not count. */
const STAR_LIMIT = 1000

const STAR = 0x2a
const ANY = 0x3f
const OPEN = 0x5b
const BACKSLASH = 0x5c
const CLOSE = 0x5d
const CARET = 0x5e
const DASH = 0x2d

/** Whether the text[ts, te) matches the pattern[ps, pe). */
export function globMatches(
  pattern: Uint8Array,
  ps: number,
  pe: number,
  text: Uint8Array,
  ts: number,
  te: number,
): boolean {
  // Most texts differ from the pattern in what stands before its first special byte.
  if (ts === te) return ps === pe
  while (ps < pe && !isSpecial(pattern[ps])) {
    if (ts === te || pattern[ps] !== text[ts]) return false
    ps++
    ts++
  }
  if (ts === te) return skipStars(pattern, ps, pe) === pe
  return matches(pattern, ps, pe, text, ts, te, sameByte)
}

/** Like `globMatches`, with 'A'..'Z' and 'a'..'z' taken for the same. */
export function globMatchesIgnoreCase(
  pattern: Uint8Array,
  ps: number,
  pe: number,
  text: Uint8Array,
  ts: number,
  te: number,
): boolean {
  return matches(pattern, ps, pe, text, ts, te, lower)
}

/** How many bytes at the start of the pattern stand for themselves: up to the first of * ? [ \ */
export function literalPrefix(pattern: Uint8Array, ps: number, pe: number): number {
  let at = ps
  while (at < pe && !isSpecial(pattern[at])) at++
  return at - ps
}

function isSpecial(byte: number): boolean {
  return byte === STAR || byte === ANY || byte === OPEN || byte === BACKSLASH
}

type Fold = (byte: number) => number

function sameByte(byte: number): number {
  return byte
}

function matches(
  pattern: Uint8Array,
  ps: number,
  pe: number,
  text: Uint8Array,
  ts: number,
  te: number,
  fold: Fold,
): boolean {
  if (ts === te) return ps === pe
  let stars = 0
  let afterStar = -1 // where the pattern goes on behind the last star
  let starText = 0 // where the text goes on behind what that star covers
  while (true) {
    if (ps < pe && ts < te && pattern[ps] === STAR) {
      ps = skipStars(pattern, ps, pe)
      if (ps === pe) return true
      if (++stars > STAR_LIMIT) return false
      afterStar = ps
      starText = ts
    }
    const next = ps < pe && ts < te ? matchOne(pattern, ps, pe, text[ts], fold) : -1
    if (next >= 0) {
      ps = next
      ts++
      if (ts === te && skipStars(pattern, ps, pe) === pe) return true
    } else {
      // With the text used up, moving the star would only leave less of it.
      if (afterStar < 0 || ts === te) return false
      ps = afterStar
      ts = ++starText
    }
  }
}

function skipStars(pattern: Uint8Array, ps: number, pe: number): number {
  while (ps < pe && pattern[ps] === STAR) ps++
  return ps
}

/** Matches one byte with the element at `ps`, which is no star: where the next element begins, or -1. */
function matchOne(pattern: Uint8Array, ps: number, pe: number, byte: number, fold: Fold): number {
  const element = pattern[ps]
  if (element === ANY) return ps + 1
  if (element === OPEN) return matchClass(pattern, ps + 1, pe, byte, fold)
  if (element === BACKSLASH && ps + 1 < pe) ps++
  return fold(pattern[ps]) === fold(byte) ? ps + 1 : -1
}

/** The same for a class, from behind its "[". Redis does not fold an escaped byte, and folds a range after ordering it. */
function matchClass(pattern: Uint8Array, ps: number, pe: number, byte: number, fold: Fold): number {
  const inverted = ps < pe && pattern[ps] === CARET
  if (inverted) ps++
  let found = false
  while (ps < pe && pattern[ps] !== CLOSE) {
    const item = pattern[ps]
    if (item === BACKSLASH && ps + 1 < pe) {
      if (pattern[ps + 1] === byte) found = true
      ps += 2
    } else if (ps + 2 < pe && pattern[ps + 1] === DASH) {
      if (inRange(item, pattern[ps + 2], byte, fold)) found = true
      ps += 3
    } else {
      if (fold(item) === fold(byte)) found = true
      ps++
    }
  }
  if (found === inverted) return -1
  return ps < pe ? ps + 1 : pe
}

/** What glibc's tolower does to negative ends of a range (it makes them positive, but not -1) is left out. */
function inRange(from: number, to: number, byte: number, fold: Fold): boolean {
  const least = Math.min(signed(from), signed(to))
  const most = Math.max(signed(from), signed(to))
  const value = signed(fold(byte))
  return value >= fold(least) && value <= fold(most)
}

function signed(byte: number): number {
  return (byte << 24) >> 24
}
