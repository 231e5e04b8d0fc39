// What a transcript says about a reply, written once for both protocols: a map is a map in RESP3 and twice as many elements
// in RESP2, a double is a bulk there, and so on.
//
//   3                    an integer               'abc'            a bulk string
//   '-ERR no such key'   an error, exactly        OK, simple('x')  a status
//   null                 nothing                  [1, 'a']         an array of these
//   /^a/                 text that matches: of a bulk, a status, a verbatim text; an error's begins with `-`
//   any                  whatever it is           sorted('a', 'b') an array in any order
//   map([...]) set([...]) double('1.5') bool(true) bigNumber('1') verbatim('txt', 'x') afterPush([...], 'a')
//   where('is small', reply => ...)

import type { Reply } from './resp.ts'

export type Protocol = 2 | 3

/** Something that can only be said in a function. */
export interface Rule {
  readonly rule: string
  readonly holds: (reply: Reply, protocol: Protocol) => boolean
  /** A push that must come before the reply. */
  readonly pushed?: Rule
}

export type Expected = number | bigint | string | null | RegExp | Rule | readonly Expected[]

export function where(rule: string, holds: Rule['holds']): Rule {
  return { rule, holds }
}

/** One of the types that only a tag tells apart: no array. */
function isObject(reply: Reply): reply is Exclude<Extract<Reply, object>, readonly Reply[]> {
  return typeof reply === 'object' && reply !== null && !Array.isArray(reply)
}

/** The status `+text`. */
export function simple(text: string): Rule {
  return where(`+${text}`, reply => isObject(reply) && 'simple' in reply && reply.simple === text)
}

export const OK: Rule = simple('OK')
/** No reply yet: the client waits. What comes later is the step `['b <', reply]`. */
export const waits: Rule = where('no reply yet', () => false)
export const any: Rule = where('anything', () => true)

export function sorted(...items: readonly string[]): Rule {
  const wanted = JSON.stringify([...items].sort())
  return where(
    `in any order ${wanted}`,
    reply => Array.isArray(reply) && JSON.stringify(reply.map(String).sort()) === wanted,
  )
}

export function map(pairs: readonly (readonly [Expected, Expected])[]): Rule {
  return where(`map of ${pairs.map(pair => pair.map(shown).join(': ')).join(', ')}`, (reply, protocol) => {
    if (protocol === 2) return matches(pairs.flat(), reply, protocol)
    return isObject(reply) && 'map' in reply && matches(pairs, reply.map, protocol)
  })
}

export function set(members: readonly Expected[]): Rule {
  return where(`set of ${shown(members)}`, (reply, protocol) => {
    if (protocol === 2) return matches(members, reply, protocol)
    return isObject(reply) && 'set' in reply && matches(members, reply.set, protocol)
  })
}

/** A set in whatever order. */
export function members(...items: readonly string[]): Rule {
  const wanted = JSON.stringify([...items].sort())
  return where(`set in any order ${wanted}`, (reply, protocol) => {
    const found = protocol === 3 && isObject(reply) && 'set' in reply ? reply.set : protocol === 2 ? reply : null
    return Array.isArray(found) && JSON.stringify(found.map(String).sort()) === wanted
  })
}

function push(items: readonly Expected[]): Rule {
  return where(
    `push of ${shown(items)}`,
    (reply, protocol) => isObject(reply) && 'push' in reply && matches(items, reply.push, protocol),
  )
}

/** A message to a subscriber, or a confirmation: a push in RESP3, an array in RESP2. */
export function message(...items: readonly Expected[]): Rule {
  return where(`message ${shown(items)}`, (reply, protocol) =>
    protocol === 3 ? push(items).holds(reply, protocol) : matches(items, reply, protocol),
  )
}

/** The reply, with a push of these items before it. RESP3 only. */
export function afterPush(items: readonly Expected[], expected: Expected): Rule {
  const rule = where(`push and ${shown(expected)}`, (reply, protocol) => matches(expected, reply, protocol))
  return { ...rule, pushed: push(items) }
}

/** The push that is expected before the reply, if any. */
export function pushBefore(expected: Expected): Rule | undefined {
  const isRule = typeof expected === 'object' && expected !== null && 'holds' in expected
  return isRule ? expected.pushed : undefined
}

export function double(text: string): Rule {
  return where(`double ${text}`, (reply, protocol) => {
    if (protocol === 2) return reply === text
    return isObject(reply) && 'double' in reply && reply.double === text
  })
}

export function bool(value: boolean): Rule {
  return where(String(value), (reply, protocol) => {
    if (protocol === 2) return reply === (value ? 1 : 0)
    return isObject(reply) && 'bool' in reply && reply.bool === value
  })
}

export function bigNumber(digits: string): Rule {
  return where(`big number ${digits}`, (reply, protocol) => {
    if (protocol === 2) return reply === digits
    return isObject(reply) && 'bigNumber' in reply && reply.bigNumber === digits
  })
}

export function verbatim(format: string, text: string | RegExp): Rule {
  return where(`verbatim ${format} ${text}`, (reply, protocol) => {
    if (protocol === 2) return typeof reply === 'string' && fits(text, reply)
    return isObject(reply) && 'verbatim' in reply && reply.format === format && fits(text, reply.verbatim)
  })
}

function fits(wanted: string | RegExp, text: string): boolean {
  return typeof wanted === 'string' ? wanted === text : wanted.test(text)
}

/** An exact error is written as on the wire. */
export const isError = (expected: Expected): boolean => typeof expected === 'string' && /^-[A-Z]+ /.test(expected)

function textOf(reply: Reply): string | undefined {
  if (typeof reply === 'string') return reply
  if (!isObject(reply)) return undefined
  if ('simple' in reply) return reply.simple
  if ('error' in reply) return `-${reply.error}`
  return 'verbatim' in reply ? reply.verbatim : undefined
}

export function matches(expected: Expected, reply: Reply, protocol: Protocol): boolean {
  if (expected === null || typeof expected === 'number' || typeof expected === 'bigint') return reply === expected
  if (typeof expected === 'string') {
    if (!isError(expected)) return reply === expected
    return isObject(reply) && 'error' in reply && `-${reply.error}` === expected
  }
  if (expected instanceof RegExp) {
    const text = textOf(reply)
    return text !== undefined && expected.test(text)
  }
  if (isList(expected)) {
    return (
      Array.isArray(reply) &&
      reply.length === expected.length &&
      expected.every((item, i) => matches(item, reply[i] ?? null, protocol))
    )
  }
  return expected.holds(reply, protocol)
}

function isList(expected: Rule | readonly Expected[]): expected is readonly Expected[] {
  return Array.isArray(expected)
}

/** For messages. */
export function shown(expected: Expected): string {
  if (expected instanceof RegExp) return String(expected)
  if (typeof expected === 'bigint') return String(expected)
  if (typeof expected !== 'object' || expected === null) return JSON.stringify(expected)
  return isList(expected) ? `[${expected.map(shown).join(', ')}]` : expected.rule
}
