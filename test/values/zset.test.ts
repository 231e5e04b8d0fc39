// Sorted sets as values: both forms against a plain list that is sorted anew each time.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { KeyedHash } from '../../src/bytes/siphash.ts'
import { Arena } from '../../src/memory/arena.ts'
import { TreeKey } from '../../src/memory/tree-node.ts'
import { ReplyWriter } from '../../src/resp/writer.ts'
import { FORM_LISTPACK, FORM_SKIPLIST } from '../../src/values/types.ts'
import { CollectionLimits, RestoredElement, type ValueHost, VISIT_END } from '../../src/values/value.ts'
import { SortedSet } from '../../src/values/zset.ts'
import { replyMembers } from '../../src/values/zset-reply.ts'

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')

class Host implements ValueHost {
  readonly limits = new CollectionLimits()
  readonly hasher = new KeyedHash(1, 2)
  readonly random = { uint32: () => 0, below: () => 0 }
  readonly nowMs = 0
}

interface Model {
  score: number
  member: string
}

const order = (a: Model, b: Model): number =>
  a.score < b.score ? -1 : a.score > b.score ? 1 : Buffer.compare(bytesOf(a.member), bytesOf(b.member))

/** Two for all: a property makes hundreds of sets, and reserved arenas pile up before they are collected. */
const arena = new Arena(2 << 20)
const otherArena = new Arena(2 << 20)

/** A sorted set beside its model. */
class Pair {
  readonly host = new Host()
  readonly a = arena
  readonly zset = new SortedSet()
  model: Model[] = []

  constructor(entries = 8) {
    this.host.limits.zsetMaxListpackEntries = entries
    this.host.limits.zsetMaxListpackValueBytes = 12
    this.zset.create(this.host, this.a)
  }

  add(score: number, member: string): void {
    const bytes = bytesOf(member)
    const known = this.model.find(m => m.member === member)
    expect(this.zset.find(bytes, 0, bytes.length)).toBe(known !== undefined)
    if (known === undefined) {
      this.zset.insert(score, bytes, 0, bytes.length)
      this.model.push({ score, member })
    } else if (known.score !== score) {
      expect(this.zset.score).toBe(known.score + 0)
      this.zset.rescore(score, bytes, 0, bytes.length)
      known.score = score
    }
    this.model.sort(order)
  }

  remove(member: string): void {
    const bytes = bytesOf(member)
    const i = this.model.findIndex(m => m.member === member)
    expect(this.zset.find(bytes, 0, bytes.length)).toBe(i >= 0)
    if (i < 0) return
    expect(this.zset.rank(bytes, 0, bytes.length)).toBe(i)
    this.zset.remove(bytes, 0, bytes.length)
    this.model.splice(i, 1)
  }

  cut(rank: number, n: number): void {
    const most = Math.min(n, this.model.length - rank)
    this.zset.cut(rank, most)
    this.model.splice(rank, most)
  }

  check(zset: SortedSet = this.zset): void {
    const { model } = this
    expect(zset.count).toBe(model.length)
    expect(zset.logical).toBe(model.reduce((sum, m) => sum + 8 + m.member.length, 0))
    const text = (): [number, string] => [
      zset.score,
      Buffer.from(zset.buf.subarray(zset.start, zset.end)).toString('latin1'),
    ]
    const wanted = model.map(m => [m.score + 0, m.member])
    const forward: unknown[] = []
    if (model.length > 0) zset.seek(0)
    for (let i = 0; i < model.length; i++, zset.next()) forward.push(text())
    expect(forward).toEqual(wanted)
    const backward: unknown[] = []
    if (model.length > 0) zset.seek(model.length - 1)
    for (let i = 0; i < model.length; i++, zset.previous()) backward.unshift(text())
    expect(backward).toEqual(wanted)
    this.checkReplies(zset)
    const key = new TreeKey()
    for (const { score, member } of model.slice(0, 3)) {
      key.scoreOnly(score, false)
      expect(zset.before(key)).toBe(model.findIndex(m => m.score >= score))
      key.member(score, bytesOf(member), 0, member.length, true)
      expect(zset.before(key)).toBe(model.findIndex(m => m.member === member) + 1)
    }
  }

  /** Ranges from a few ranks on, in both directions. */
  private checkReplies(zset: SortedSet): void {
    const { model } = this
    for (let rank = 0; rank < model.length; rank += 3 + (model.length >> 1)) {
      for (const members of [
        model.slice(rank, rank + 50),
        model.slice(rank, rank + 2),
        model.slice(Math.max(0, rank - 49), rank + 1).reverse(),
      ]) {
        const wanted = new ReplyWriter()
        for (const { score, member } of members) {
          wanted.bulk(bytesOf(member), 0, member.length)
          wanted.double(score + 0)
        }
        const isBackward = rank > 0 && members[0] === model[rank] && members[1] === model[rank - 1]
        const got = new ReplyWriter()
        replyMembers(got, zset, rank, isBackward ? -members.length : members.length, true)
        expect(got.buf.subarray(0, got.length)).toEqual(wanted.buf.subarray(0, wanted.length))
      }
    }
  }
}

const scores = fc.constantFrom(0, 1, -1, 0.5, 1e300, -Infinity, Infinity, 2 ** 60, 127, 128, -4097, 1e-300)
// Bytes that are digits, as a double that is no integer may have.
const digits = new Float64Array(bytesOf('12345678').slice().buffer)[0] ?? 0

describe('a sorted set', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('add'), n: fc.nat(30), score: scores }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove'), n: fc.nat(30), score: scores }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut'), n: fc.nat(30), score: fc.nat(6) }) },
  )
  for (const [form, entries] of [
    ['small', 1000],
    ['large', 0],
    ['growing', 8],
  ] as const) {
    test(`is a sorted list of its members, whatever is done to it: ${form}`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80 }), steps => {
          const pair = new Pair(entries)
          for (const { kind, n, score } of steps) {
            const member = n % 3 === 0 ? String(n * 1000) : n % 3 === 1 ? `m${n}` : `${'x'.repeat(n % 12)}${n}`
            if (kind === 'add') pair.add(score, member)
            else if (kind === 'remove') pair.remove(member)
            else pair.cut(n % (pair.model.length + 1), score)
            pair.check()
          }
          const copy = new SortedSet()
          const other = otherArena
          copy.aim(pair.host, other, pair.zset.copyTo(other), pair.zset.form)
          pair.check(copy)
          copy.release()
          expect(other.allocatedBytes).toBe(0)
          pair.zset.release()
          expect(pair.a.allocatedBytes).toBe(0)
        }),
        { numRuns: 60, endOnFailure: true },
      )
    })
  }

  test('becomes large with the member too many or too long, and stays so', () => {
    const pair = new Pair(4)
    for (let i = 0; i < 4; i++) pair.add(i, `m${i}`)
    expect(pair.zset.form).toBe(FORM_LISTPACK)
    pair.add(9, 'm9')
    expect(pair.zset.form).toBe(FORM_SKIPLIST)
    pair.remove('m9')
    pair.check()
    expect(pair.zset.form).toBe(FORM_SKIPLIST)
    const long = new Pair(4)
    long.add(1, 'thirteen bytes')
    expect(long.zset.form).toBe(FORM_SKIPLIST)
    long.check()
  })

  test('is taken from both ends, one member at a time, to the last', () => {
    const before = arena.allocatedBytes
    const pair = new Pair()
    // Members that are added in order need no sorting in the model.
    for (let i = 0; i < 6000; i++) {
      const member = bytesOf(String(100_000 + i))
      pair.zset.add(i >> 1, member, 0, member.length)
      pair.model.push({ score: i >> 1, member: String(100_000 + i) })
    }
    for (let i = 0; pair.model.length > 0; i++) {
      pair.cut(i % 3 === 0 ? pair.model.length - 1 : 0, 1)
      if (i % 500 === 0) pair.check()
    }
    pair.check()
    pair.zset.release()
    expect(arena.allocatedBytes).toBe(before)
  })

  test('keeps every score exactly in its small form', () => {
    const pair = new Pair(100)
    for (const [i, score] of [digits, 0.1, -0.1, 5e-324, 2 ** 53, 2 ** 53 - 1, 1e22, Infinity].entries()) {
      pair.add(score, `m${i}`)
    }
    expect(pair.zset.form).toBe(FORM_LISTPACK)
    pair.check()
  })

  test('comes back from what a visit was told', () => {
    for (const entries of [1000, 0]) {
      const pair = new Pair(entries)
      for (let i = 0; i < 3000; i += 7) pair.add(i / 3, entries === 0 ? `m${i}` : String(i))
      const back = new Pair(entries)
      const element = new RestoredElement()
      const runs: Uint8Array[] = []
      for (let at = 0; at !== VISIT_END; )
        at = pair.zset.visitFrom(at, 100, (buf, start, end) => runs.push(buf.slice(start, end)))
      for (let i = 0; i < runs.length; i += 2) {
        const [member = new Uint8Array(0), score = new Uint8Array(0)] = runs.slice(i, i + 2)
        element.buf = Buffer.concat([member, score])
        element.ends[0] = member.length
        element.starts[1] = member.length
        element.ends[1] = member.length + score.length
        expect(back.zset.restore(element)).toBe(true)
        expect(back.zset.restore(element)).toBe(false)
      }
      back.model = pair.model
      back.check()
    }
  })
})
