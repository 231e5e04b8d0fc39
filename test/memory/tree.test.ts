import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ARENA_ROOT, Arena } from '../../src/memory/arena.ts'
import {
  compareScored,
  makeScored,
  scoredBytes,
  scoredEquals,
  scoredLength,
  scoredStart,
  scoreOf,
} from '../../src/memory/scored.ts'
import {
  TREE_ROOT_BYTES,
  TreeCursor,
  treeAppend,
  treeBefore,
  treeBytes,
  treeClear,
  treeCount,
  treeCut,
  treeInsert,
  treeMove,
  treeRemove,
} from '../../src/memory/tree.ts'
import { treeCheck } from '../../src/memory/tree-check.ts'
import { TreeKey } from '../../src/memory/tree-node.ts'

const ROOT = ARENA_ROOT
const NOTHING = new Uint8Array(0)

/** xorshift32: the same run for the same seed. */
function generator(seed: number): () => number {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x >>> 0
  }
}

interface Element {
  score: number
  readonly member: string
  readonly ref: number
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/** By score, then by bytes, the shorter first. */
function order(a: Element, b: Element): number {
  return (
    a.score - b.score ||
    (a.score < b.score ? -1 : a.score > b.score ? 1 : 0) ||
    Buffer.compare(bytesOf(a.member), bytesOf(b.member))
  )
}

/** One for all: a property makes hundreds of trees, and reserved arenas pile up before they are collected. */
const arena = new Arena(8 << 20, TREE_ROOT_BYTES)

/** The tree under test beside a sorted array. */
class Pair {
  readonly a = arena
  readonly key = new TreeKey()
  readonly moved = new TreeKey()
  readonly out = new Int32Array(64)
  elements: Element[] = []

  constructor() {
    arena.reset()
  }

  place(score: number, member: string, after = false): TreeKey {
    const bytes = bytesOf(member)
    this.key.member(score, bytes, 0, bytes.length, after)
    return this.key
  }

  insert(score: number, member: string): void {
    const bytes = bytesOf(member)
    const ref = makeScored(this.a, score, bytes, 0, bytes.length)
    expect(treeInsert(this.a, ROOT, this.place(score, member), ref)).toBe(true)
    const element = { score, member, ref }
    this.elements.splice(this.elements.findIndex(e => order(e, element) > 0) >>> 0, 0, element)
  }

  remove(i: number): void {
    const [gone] = this.elements.splice(i, 1)
    if (gone === undefined) return
    treeRemove(this.a, ROOT, this.place(gone.score, gone.member), gone.ref)
    this.a.free(gone.ref)
  }

  move(i: number, score: number): void {
    const element = this.elements[i]
    if (element === undefined || element.score === score) return
    const bytes = bytesOf(element.member)
    this.moved.member(score, bytes, 0, bytes.length, false)
    expect(treeMove(this.a, ROOT, this.place(element.score, element.member), element.ref, this.moved)).toBe(true)
    element.score = score
    this.elements.sort(order)
  }

  cut(rank: number, n: number): void {
    while (n > 0) {
      const cut = treeCut(this.a, ROOT, rank, n, this.out)
      if (cut === 0) break
      const gone = this.elements.splice(rank, cut)
      expect([...this.out.subarray(0, cut)]).toEqual(gone.map(e => e.ref))
      for (const e of gone) this.a.free(e.ref)
      n -= cut
    }
  }

  check(): void {
    const { a, elements } = this
    treeCheck(a, ROOT)
    a.check()
    expect(treeCount(a, ROOT)).toBe(elements.length)
    const cursor = new TreeCursor()
    const forward: number[] = []
    if (elements.length > 0) cursor.toRank(a, ROOT, 0)
    for (let i = 0; i < elements.length; i++, cursor.next(a)) forward.push(cursor.ref(a))
    expect(forward).toEqual(elements.map(e => e.ref))
    const backward: number[] = []
    if (elements.length > 0) cursor.toRank(a, ROOT, elements.length - 1)
    for (let i = 0; i < elements.length; i++, cursor.previous(a)) backward.push(cursor.ref(a))
    expect(backward.reverse()).toEqual(forward)
  }

  /** Places before, at and behind an element, by score and by both. */
  checkPlaces(i: number): void {
    const { a, elements, key } = this
    const { score, member } = elements[i] ?? { score: 0, member: '' }
    expect(treeBefore(a, ROOT, this.place(score, member))).toBe(i)
    expect(treeBefore(a, ROOT, this.place(score, member, true))).toBe(i + 1)
    key.scoreOnly(score, false)
    expect(treeBefore(a, ROOT, key)).toBe(elements.findIndex(e => e.score >= score))
    key.scoreOnly(score, true)
    expect(treeBefore(a, ROOT, key)).toBe(elements.filter(e => e.score <= score).length)
    const cursor = new TreeCursor()
    cursor.toRank(a, ROOT, i)
    expect(cursor.ref(a)).toBe(elements[i]?.ref ?? 0)
    expect(cursor.score(a)).toBe(score)
  }
}

describe('a scored member', () => {
  test('keeps score and bytes of any length', () => {
    const a = new Arena(8 << 20)
    for (const length of [0, 1, 127, 128, 300, 16383, 16384, 70_000, 1_000_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7)
      const ref = makeScored(a, -0.5, bytes, 0, length)
      expect(scoreOf(a, ref)).toBe(-0.5)
      expect(scoredLength(a.u8, ref)).toBe(length)
      expect(scoredEquals(a.u8, ref, bytes, 0, length)).toBe(true)
      expect(scoredStart(a.u8, ref) + length).toBe(ref + scoredBytes(length))
      expect(compareScored(a.u8, ref, bytes, 0, length)).toBe(0)
      if (length === 0) continue
      expect(compareScored(a.u8, ref, bytes, 0, length - 1)).toBeGreaterThan(0)
      expect(scoredEquals(a.u8, ref, bytes, 0, length - 1)).toBe(false)
    }
  })
})

describe('a tree', () => {
  const specials = [-Infinity, Infinity, -0, 0, 1, 1, 2, -1, 5e-324, 1e308]

  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('insert'), n: fc.nat(), score: fc.constantFrom(...specials) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('insert'), n: fc.nat(), score: fc.double({ noNaN: true }) }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove'), n: fc.nat(), score: fc.constant(0) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('move'), n: fc.nat(), score: fc.constantFrom(...specials) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut'), n: fc.nat(), score: fc.nat(20) }) },
  )

  test('is a sorted array, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), fc.nat(300), (steps, start) => {
        const pair = new Pair()
        const next = generator(start + 1)
        let serial = 0
        for (let i = 0; i < start; i++) pair.insert(next() % 8, `${next() % 1000}-${serial++}`)
        for (const { kind, n, score } of steps) {
          const at = n % Math.max(1, pair.elements.length)
          if (kind === 'insert') pair.insert(score, `${n % 1000}-${serial++}`)
          else if (kind === 'remove') pair.remove(at)
          else if (kind === 'move') pair.move(at, score)
          else pair.cut(at, score)
        }
        pair.check()
        if (pair.elements.length > 0) for (let i = 0; i < 5; i++) pair.checkPlaces(next() % pair.elements.length)
        treeClear(pair.a, ROOT)
        for (const e of pair.elements) pair.a.free(e.ref)
        expect(pair.a.allocatedBytes).toBe(0)
      }),
      { numRuns: 50, endOnFailure: true },
    )
  })

  for (const [name, scoreOf] of [
    ['random scores', (next: () => number) => next() / 1000],
    ['few scores', (next: () => number) => next() % 3],
    ['rising scores', (_: () => number, i: number) => i],
    ['falling scores', (_: () => number, i: number) => -i],
  ] as const) {
    test(`grows to thousands and shrinks to nothing again: ${name}`, () => {
      const pair = new Pair()
      const next = generator(7)
      for (let i = 0; i < 9000; i++) {
        pair.insert(scoreOf(next, i), `m${next()}`)
        if (i % 1997 === 0) pair.check()
      }
      pair.check()
      for (let i = 0; i < 50; i++) pair.checkPlaces(next() % pair.elements.length)
      expect(treeBytes(pair.a, ROOT)).toBeLessThan(9000 * 22)
      for (let i = 0; i < 5500; i++) pair.remove(next() % pair.elements.length)
      pair.check()
      for (let i = 0; i < 1500; i++) pair.remove(0)
      pair.check()
      for (let i = 0; i < 1000; i++) pair.remove(pair.elements.length - 1)
      pair.check()
      for (let i = 0; i < 300; i++) pair.insert(scoreOf(next, i), `n${next()}`)
      pair.check()
      pair.cut(100, 700)
      pair.check()
      pair.cut(0, 10_000)
      pair.check()
      expect(pair.a.allocatedBytes).toBe(0)
    })
  }

  test('moves elements far, a little, and to and from its ends', () => {
    const pair = new Pair()
    const next = generator(11)
    for (let i = 0; i < 6000; i++) pair.insert(i, `m${i}`)
    const targets = [
      (_: number) => next() % 6000,
      (score: number) => score + (next() % 9) - 4,
      (score: number) => score + (next() % 200) / 100 - 1,
      () => -(next() % 1000),
      () => 6000 + (next() % 1000),
    ]
    for (let i = 0; i < 4000; i++) {
      const at = i % 7 === 0 ? 0 : i % 7 === 1 ? pair.elements.length - 1 : next() % pair.elements.length
      pair.move(at, targets[next() % targets.length]?.(pair.elements[at]?.score ?? 0) ?? 0)
      if (i % 200 === 0) pair.check()
    }
    pair.check()
  })

  test('of appended elements has full leaves', () => {
    const a = new Arena(32 << 20, TREE_ROOT_BYTES)
    const ref = makeScored(a, 0, NOTHING, 0, 0)
    for (let i = 0; i < 100_000; i++) expect(treeAppend(a, ROOT, i, ref)).toBe(true)
    treeCheck(a, ROOT)
    expect(treeBytes(a, ROOT) / 100_000).toBeLessThan(13)
    expect(treeBytes(a, ROOT)).toBe(a.allocatedBytes - a.sizeOf(ref))
  })

  test('of members of one score finds places by member alone', () => {
    const pair = new Pair()
    for (let i = 0; i < 500; i++) pair.insert(3, String(i).padStart(4, '0'))
    expect(treeBefore(pair.a, ROOT, pair.place(Number.NaN, '0123'))).toBe(123)
    expect(treeBefore(pair.a, ROOT, pair.place(Number.NaN, '0123', true))).toBe(124)
    expect(treeBefore(pair.a, ROOT, pair.place(Number.NaN, '0123x', true))).toBe(124)
    expect(treeBefore(pair.a, ROOT, pair.place(Number.NaN, ''))).toBe(0)
    expect(treeBefore(pair.a, ROOT, pair.place(Number.NaN, 'z'))).toBe(500)
  })

  test('is unchanged when the arena has no room for what an insert needs', () => {
    const a = new Arena(256 << 10, TREE_ROOT_BYTES)
    const next = generator(3)
    const ref = makeScored(a, 0, NOTHING, 0, 0)
    const key = new TreeKey()
    let inserted = 0
    for (let i = 0; i < 100_000; i++) {
      key.member(next(), NOTHING, 0, 0, false)
      const before = a.allocatedBytes
      if (treeInsert(a, ROOT, key, ref)) inserted++
      else expect(a.allocatedBytes).toBe(before)
    }
    expect(treeCount(a, ROOT)).toBe(inserted)
    expect(inserted).toBeGreaterThan(1000)
    treeCheck(a, ROOT)
  })

  test('loses no element that finds no room at its new place', () => {
    const a = new Arena(256 << 10, TREE_ROOT_BYTES)
    const next = generator(5)
    const ref = makeScored(a, 0, NOTHING, 0, 0)
    const scores: number[] = []
    while (treeAppend(a, ROOT, scores.length, ref)) scores.push(scores.length)
    const [key, moved] = [new TreeKey(), new TreeKey()]
    let refused = 0
    for (let i = 0; i < 20_000; i++) {
      const which = next() % scores.length
      // No two are the same.
      const score = (next() % scores.length) + 0.5 + i / 1e6
      key.member(scores[which] ?? 0, NOTHING, 0, 0, false)
      moved.member(score, NOTHING, 0, 0, false)
      if (treeMove(a, ROOT, key, ref, moved)) scores[which] = score
      else refused++
      if (i % 1000 === 0) treeCheck(a, ROOT)
    }
    expect(refused).toBeGreaterThan(0)
    expect(treeCount(a, ROOT)).toBe(scores.length)
    treeCheck(a, ROOT)
  })
})
