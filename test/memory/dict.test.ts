import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ARENA_ROOT, Arena } from '../../src/memory/arena.ts'
import {
  DICT_ROOT_BYTES,
  DictWalk,
  dictBytes,
  dictCheck,
  dictClear,
  dictCount,
  dictDrain,
  dictFind,
  dictInsert,
  dictNext,
  dictRandom,
  dictRef,
  dictRemove,
  dictReserve,
  dictScan,
  dictSetRef,
} from '../../src/memory/dict.ts'
import { PairBatch } from '../../src/memory/pair-batch.ts'

const ROOT = ARENA_ROOT
const HASHES = 0x1_0000_0000

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

const spread = (i: number): number => Math.imul(i ^ (i >>> 15), 0x9e3779b1) ^ Math.imul(i, 0x85ebca6b)

/** The dict under test beside a Map from hash to refs. */
class Pairs {
  readonly a: Arena
  readonly model = new Map<number, number[]>()
  count = 0

  constructor(capacityBytes = 64 << 20) {
    this.a = new Arena(capacityBytes, DICT_ROOT_BYTES)
  }

  insert(hash: number, ref: number): boolean {
    const slot = dictInsert(this.a, ROOT, hash, ref)
    if (slot === 0) return false
    expect(dictRef(this.a, slot)).toBe(ref)
    this.count++
    const refs = this.model.get(hash)
    if (refs === undefined) this.model.set(hash, [ref])
    else refs.push(ref)
    return true
  }

  slotOf(hash: number, ref: number): number {
    let slot = dictFind(this.a, ROOT, hash)
    while (slot !== 0 && dictRef(this.a, slot) !== ref) slot = dictNext(this.a, ROOT, slot, hash)
    return slot
  }

  remove(hash: number, ref: number): void {
    const slot = this.slotOf(hash, ref)
    if (slot === 0) throw new Error(`lost ${hash} ${ref}`)
    dictRemove(this.a, ROOT, slot)
    this.count--
    const refs = this.model.get(hash) ?? []
    refs.splice(refs.indexOf(ref), 1)
    if (refs.length === 0) this.model.delete(hash)
  }

  refsOf(hash: number): number[] {
    const found: number[] = []
    for (let s = dictFind(this.a, ROOT, hash); s !== 0; s = dictNext(this.a, ROOT, s, hash))
      found.push(dictRef(this.a, s))
    return found.sort((x, y) => x - y)
  }

  /** All that the model knows is found, and nothing else is counted. */
  agree(): void {
    dictCheck(this.a, ROOT)
    expect(dictCount(this.a, ROOT)).toBe(this.count)
    expect(dictBytes(this.a, ROOT)).toBe(this.a.allocatedBytes)
    for (const [hash, refs] of this.model) {
      const found = this.refsOf(hash)
      if (found.join() !== [...refs].sort((x, y) => x - y).join()) expect(found).toEqual(refs)
    }
  }
}

/** Hashes as an adversary or a bad hash function would choose them, and good ones. */
const hashes = fc.oneof(
  fc.integer(),
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: -40, max: -1 }),
  fc.integer({ min: 0, max: 3 }).map(i => (0x7ffffffe + i) | 0),
  fc.integer({ min: 0, max: 4095 }).map(i => 0xabcd0000 | i | 0),
  fc.constantFrom(0, -1, 0x7fffffff, -0x80000000),
)

describe('pairs', () => {
  test('what was inserted and not removed is found, with all its duplicates', () => {
    const steps = fc.array(fc.record({ hash: hashes, keep: fc.nat(9), times: fc.nat(5) }), {
      maxLength: 400,
      size: 'max',
    })
    fc.assert(
      fc.property(steps, list => {
        const p = new Pairs(1 << 20)
        const live: [number, number][] = []
        let ref = 0
        for (const { hash, keep, times } of list) {
          for (let i = 0; i <= times; i++) {
            p.insert(hash, ++ref)
            live.push([hash, ref])
          }
          if (keep < 5) {
            for (let i = 0; i < keep && live.length > 0; i++) {
              const [h, r] = live.splice((ref * 7 + i) % live.length, 1)[0] as [number, number]
              p.remove(h, r)
            }
          }
        }
        p.agree()
        expect(p.refsOf(12345678)).toEqual(p.model.get(12345678) ?? [])
        for (const [h, r] of live) p.remove(h, r)
        expect(p.a.allocatedBytes).toBe(0)
        expect([...p.a.i32.subarray(ROOT >> 2, (ROOT >> 2) + 4)]).toEqual([0, 0, 0, 0])
      }),
      { numRuns: 60 },
    )
  })

  test('growing to many pairs and shrinking to none keeps every pair and every invariant', () => {
    const p = new Pairs()
    const n = 30_000
    for (let i = 1; i <= n; i++) {
      p.insert(spread(i), i)
      if (i % 3000 === 0) p.agree()
    }
    expect(dictBytes(p.a, ROOT) / n).toBeLessThan(11)
    for (let i = 1; i <= n; i++) {
      p.remove(spread(i), i)
      if (i % 3000 === 0) p.agree()
    }
    expect(p.a.allocatedBytes).toBe(0)
  })

  test('memory follows the count up and down at every size', () => {
    const p = new Pairs()
    const n = 20_000
    let sum = 0
    for (let i = 1; i <= n; i++) {
      dictInsert(p.a, ROOT, spread(i), i)
      if (i > 1000) sum += p.a.allocatedBytes / i
      if (i > 100) expect(p.a.allocatedBytes / i).toBeLessThan(13)
    }
    expect(sum / (n - 1000)).toBeLessThan(11)
    for (let i = n; i > 0; i--) {
      dictRemove(p.a, ROOT, p.slotOf(spread(i), i))
      if (p.a.allocatedBytes > 60 + 26 * (i - 1)) expect([i, p.a.allocatedBytes]).toEqual([i, 0])
    }
    expect(p.a.allocatedBytes).toBe(0)
  })

  test('memory follows the count down also when pairs go in the order of their hashes', () => {
    const p = new Pairs()
    for (let i = 1; i <= 20_000; i++) p.insert(spread(i), i)
    const sorted = [...p.model]
      .sort((x, y) => (x[0] >>> 0) - (y[0] >>> 0))
      .flatMap(([hash, refs]) => refs.map(ref => [hash, ref] as const))
    for (const [hash, ref] of sorted) {
      p.remove(hash, ref)
      if (p.a.allocatedBytes > 60 + 26 * p.count) expect([p.count, p.a.allocatedBytes]).toEqual([p.count, 0])
    }
    expect(p.a.allocatedBytes).toBe(0)
  })

  test('a merge goes on through all the levels above it, and the directory goes when one segment is left', () => {
    const p = new Pairs()
    for (let i = 1; i <= 900; i++) p.insert(0xe0000000 | (spread(i) >>> 3), i)
    expect(p.a.i32[(ROOT >> 2) + 3]).not.toBe(0)
    for (let i = 900; i > 185; i--) p.remove(0xe0000000 | (spread(i) >>> 3), i)
    p.agree()
    expect(p.a.i32[(ROOT >> 2) + 3]).toBe(0)
  })

  test('a dict of one pair takes at most 40 bytes', () => {
    const p = new Pairs()
    p.insert(77, 8)
    expect(dictBytes(p.a, ROOT)).toBeLessThanOrEqual(40)
  })

  test('a thousand pairs of one hash are all kept and found', () => {
    const p = new Pairs()
    for (let i = 1; i <= 5000; i++) p.insert(spread(i), i)
    for (const hash of [-1, 0, 0x12345678]) {
      for (let i = 1; i <= 1000; i++) p.insert(hash, 100_000 + i)
    }
    p.agree()
    expect(p.refsOf(-1)).toHaveLength(1000)
    for (const hash of [-1, 0, 0x12345678]) {
      for (let i = 1; i <= 1000; i++) p.remove(hash, 100_000 + i)
    }
    p.agree()
  })

  test('hashes that share a long prefix do not blow up the directory', () => {
    const p = new Pairs()
    const n = 20_000
    for (let i = 1; i <= n; i++) p.insert(0x5a5a0000 | (spread(i) & 0x7fff), i)
    p.agree()
    expect(dictBytes(p.a, ROOT) / n).toBeLessThan(20)
    for (let i = 1; i <= n; i++) p.remove(0x5a5a0000 | (spread(i) & 0x7fff), i)
    expect(p.a.allocatedBytes).toBe(0)
  })

  test('a ref can be replaced in its slot', () => {
    const p = new Pairs()
    p.insert(5, 8)
    dictSetRef(p.a, dictFind(p.a, ROOT, 5), 16)
    expect(p.refsOf(5)).toEqual([16])
  })

  test('clear frees everything and leaves an empty dict that works', () => {
    const p = new Pairs()
    for (let i = 1; i <= 5000; i++) dictInsert(p.a, ROOT, spread(i), i)
    dictClear(p.a, ROOT)
    expect(p.a.allocatedBytes).toBe(0)
    expect(dictFind(p.a, ROOT, spread(1))).toBe(0)
    p.insert(1, 8)
    p.agree()
  })
})

describe('without room', () => {
  test('an insert that fails changes no pair, and removal works in a full arena', () => {
    for (const [name, hashOf] of [
      ['spread', spread],
      ['one prefix', (i: number) => 0x70000000 | (i & 255)],
      ['few hashes', (i: number) => i % 3],
    ] as const) {
      const p = new Pairs(256 << 10)
      let i = 1
      while (p.insert(hashOf(i), i)) i++
      expect(i, name).toBeGreaterThan(3000)
      for (let j = i; j < i + 200; j++) {
        const before = dictCount(p.a, ROOT)
        if (!dictReserve(p.a, ROOT, hashOf(j))) expect(dictCount(p.a, ROOT)).toBe(before)
      }
      p.agree()
      while (p.a.alloc(64) !== 0) expect(p.a.allocatedBytes).toBeGreaterThan(0)
      for (let j = 1; j < i; j++) {
        p.remove(hashOf(j), j)
        if (j % 1000 === 0) dictCheck(p.a, ROOT)
      }
      expect(dictCount(p.a, ROOT)).toBe(0)
      expect(p.a.i32[ROOT >> 2]).toBe(0)
    }
  })

  test('a split that finds room for one half only leaves nothing behind', () => {
    const big = new Pairs()
    let n = 0
    while (big.a.i32[(ROOT >> 2) + 3] === 0) big.insert(spread(++n), n)
    const p = new Pairs(256 << 10)
    for (let i = 1; i < n; i++) p.insert(spread(i), i)
    const small = p.a.alloc(16)
    const halfBytes = big.a.sizeOf(big.a.i32[big.a.i32[ROOT >> 2] >> 2] as number)
    const half = p.a.alloc(halfBytes)
    for (const bytes of [4096, halfBytes, 1024, 64, 16, 8]) {
      while (p.a.alloc(bytes) !== 0) expect(p.a.allocatedBytes).toBeGreaterThan(0)
    }
    p.a.free(small)
    p.a.free(half)
    const before = p.a.allocatedBytes
    expect(dictReserve(p.a, ROOT, spread(n))).toBe(false)
    expect(p.a.allocatedBytes).toBe(before)
    dictCheck(p.a, ROOT)
    expect(p.a.alloc(halfBytes)).toBe(half)
  })

  test('after reserve the next insert of that hash takes no memory', () => {
    const p = new Pairs()
    for (let i = 1; i <= 20_000; i++) {
      expect(dictReserve(p.a, ROOT, spread(i))).toBe(true)
      const before = p.a.allocatedBytes
      dictInsert(p.a, ROOT, spread(i), i)
      if (p.a.allocatedBytes !== before) expect(p.a.allocatedBytes).toBe(before)
    }
    dictCheck(p.a, ROOT)
  })
})

describe('scan', () => {
  test('returns exactly the pairs between its two positions, in hash order', () => {
    fc.assert(
      fc.property(
        fc.array(hashes, { maxLength: 300, size: 'max' }),
        fc.integer({ min: 1, max: 50 }),
        (list, wanted) => {
          const p = new Pairs(1 << 20)
          for (let i = 0; i < list.length; i++) p.insert(list[i] as number, i + 1)
          const batch = new PairBatch()
          let from = 0
          let met = 0
          while (from < HASHES) {
            batch.length = 0
            const next = dictScan(p.a, ROOT, from, wanted, batch)
            expect(next).toBeGreaterThan(from)
            if (next < HASHES) expect(next % 256).toBe(0)
            const expected = list.filter(h => h >>> 0 >= from && h >>> 0 < next).map(h => h >>> 0)
            expect([...batch.hashes.subarray(0, batch.length)].map(h => h >>> 0)).toEqual(
              expected.sort((x, y) => x - y),
            )
            for (let i = 0; i < batch.length; i++)
              expect(list[(batch.refs[i] as number) - 1]).toBe(batch.hashes[i] as number)
            met += batch.length
            from = next
          }
          expect(met).toBe(list.length)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('a pair that stays is met exactly once, whatever changes between two calls', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.integer({ min: 1, max: 200 }), (seed, wanted) => {
        const random = generator(seed)
        const p = new Pairs(4 << 20)
        const stays = 1 + (random() % 1500)
        for (let i = 1; i <= stays; i++) dictInsert(p.a, ROOT, spread(i), i)
        const passing: number[] = []
        const met = new Map<number, number>()
        const batch = new PairBatch()
        let ref = 10_000
        for (let from = 0; from < HASHES; ) {
          batch.length = 0
          from = dictScan(p.a, ROOT, from, wanted, batch)
          for (let i = 0; i < batch.length; i++)
            met.set(batch.refs[i] as number, (met.get(batch.refs[i] as number) ?? 0) + 1)
          const growing = random() % 2 === 0
          for (let n = random() % 800; n > 0; n--) {
            if (growing) {
              dictInsert(p.a, ROOT, spread(++ref), ref)
              passing.push(ref)
            } else {
              const gone = passing.pop()
              if (gone !== undefined) dictRemove(p.a, ROOT, p.slotOf(spread(gone), gone))
            }
          }
        }
        dictCheck(p.a, ROOT)
        for (let i = 1; i <= stays; i++) if (met.get(i) !== 1) expect([i, met.get(i)]).toEqual([i, 1])
      }),
      { numRuns: 25 },
    )
  })

  test('a call returns about as many pairs as wanted', () => {
    const p = new Pairs()
    for (let i = 1; i <= 50_000; i++) dictInsert(p.a, ROOT, spread(i), i)
    const batch = new PairBatch()
    for (const wanted of [1, 10, 1000]) {
      for (let from = 0; from < HASHES; ) {
        batch.length = 0
        from = dictScan(p.a, ROOT, from, wanted, batch)
        if (batch.length > wanted + 8) expect(batch.length).toBeLessThanOrEqual(wanted + 8)
        if (from < HASHES && batch.length < wanted) expect(batch.length).toBe(wanted)
      }
    }
  })

  test('no call that is not the last returns nothing, also in a dict with one dense corner', () => {
    const p = new Pairs()
    for (let i = 1; i <= 20_000; i++) dictInsert(p.a, ROOT, i % 2 === 0 ? spread(i) : -spread(i) >>> 12, i)
    for (let i = 2; i <= 20_000; i += 2) dictRemove(p.a, ROOT, p.slotOf(spread(i), i))
    dictCheck(p.a, ROOT)
    const batch = new PairBatch()
    for (let from = 0; from < HASHES; ) {
      batch.length = 0
      from = dictScan(p.a, ROOT, from, 1, batch)
      if (from < HASHES) expect(batch.length).toBeGreaterThan(0)
    }
  })

  test('a walk meets every pair once and then ends', () => {
    const p = new Pairs()
    for (let i = 1; i <= 3000; i++) dictInsert(p.a, ROOT, spread(i), i)
    const walk = new DictWalk(ROOT)
    const met: number[] = []
    while (walk.step(p.a, 17)) met.push(...walk.batch.refs.subarray(0, walk.batch.length))
    expect(met.sort((x, y) => x - y)).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1))
    expect(walk.step(p.a, 17)).toBe(false)
    expect(new DictWalk(ROOT).step(new Arena(1 << 20, DICT_ROOT_BYTES), 1)).toBe(false)
  })
})

describe('random', () => {
  /** Sum of (seen - expected)^2 / expected over all live pairs; about their number when each is equally likely. */
  function chiSquare(p: Pairs, live: readonly number[], draws: number): number {
    const random = generator(20_240_607)
    const seen = new Map<number, number>()
    const slots = new Set<number>()
    for (const [hash, refs] of p.model) for (const ref of refs) slots.add(p.slotOf(hash, ref))
    for (let i = 0; i < draws; i++) {
      const slot = dictRandom(p.a, ROOT, random)
      if (!slots.has(slot)) expect(slots).toContain(slot)
      const ref = dictRef(p.a, slot)
      seen.set(ref, (seen.get(ref) ?? 0) + 1)
    }
    const expected = draws / live.length
    let sum = 0
    for (const ref of live) sum += ((seen.get(ref) ?? 0) - expected) ** 2 / expected
    return sum
  }

  /** Five standard deviations above the mean. */
  const bound = (n: number): number => n - 1 + 5 * Math.sqrt(2 * (n - 1))

  test('each pair is equally likely in a table whose lower half is almost empty', () => {
    const p = new Pairs()
    const live: number[] = []
    for (let i = 1; i <= 6000; i++) p.insert(spread(i), i)
    for (let i = 1; i <= 6000; i++) {
      if (spread(i) >= 0 && i % 8 !== 0) p.remove(spread(i), i)
      else live.push(i)
    }
    expect(chiSquare(p, live, 150_000)).toBeLessThan(bound(live.length))
  })

  test('each pair is equally likely in dicts of one segment', () => {
    for (const n of [1, 2, 3, 7, 100, 400]) {
      const p = new Pairs()
      const live = Array.from({ length: n }, (_, i) => i + 1)
      for (const i of live) p.insert(spread(i), i)
      expect(chiSquare(p, live, 200 * n)).toBeLessThan(n === 1 ? 1 : bound(n))
    }
  })

  test('each pair is equally likely when one prefix holds nearly all', () => {
    const p = new Pairs()
    const live = Array.from({ length: 3000 }, (_, i) => i + 1)
    for (const i of live) p.insert(i <= 20 ? spread(i) : 0x33330000 | (spread(i) & 0xfff), i)
    expect(chiSquare(p, live, 60_000)).toBeLessThan(bound(live.length))
  })

  test('an empty dict has none', () => {
    expect(dictRandom(new Arena(1 << 20, DICT_ROOT_BYTES), ROOT, generator(1))).toBe(0)
  })
})

describe('drain', () => {
  test('gives out every pair once, a segment more than asked for at most, and is a dict between its steps', () => {
    for (const pairs of [0, 1, 300, 50_000]) {
      const p = new Pairs()
      const before = p.a.allocatedBytes
      for (let i = 0; i < pairs; i++) p.insert(spread(i), i + 8)
      // Thinned out, so that segments are small or gone.
      for (let i = 0; i < pairs; i += 3) p.remove(spread(i), i + 8)
      const left = p.count
      const batch = new PairBatch()
      const met = new Set<number>()
      let from = 0
      for (let steps = 0; steps === 0 || from < HASHES; steps++) {
        batch.length = 0
        from = dictDrain(p.a, ROOT, from, 64, batch)
        expect(batch.length).toBeLessThan(64 + 430)
        for (let i = 0; i < batch.length; i++) met.add(batch.refs[i] as number)
        expect(dictCount(p.a, ROOT)).toBe(left - met.size)
        dictCheck(p.a, ROOT)
        expect(steps).toBeLessThan(2000)
      }
      expect(met.size).toBe(left)
      expect(p.a.allocatedBytes).toBe(before)
    }
  })
})
