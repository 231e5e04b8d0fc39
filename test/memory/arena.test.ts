// The arena against a model: a map of live blocks, each filled with a pattern of its own. Whatever alloc, free and extend
// do, no pattern is overwritten, the sums are exact and check() finds the arena whole.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ARENA_ROOT, Arena, MAX_ARENA_BYTES } from '../../src/memory/arena.ts'
import { Model } from './arena-model.ts'

const MIB = 1024 * 1024

const sizes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 1100 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1000, max: 40000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 30000, max: 300000 }) },
)

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('alloc' as const), bytes: sizes, times: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('free' as const), pick: fc.nat(), times: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ kind: fc.constant('extend' as const), pick: fc.nat(), more: fc.integer({ min: 0, max: 100000 }) }),
    fc.record({ kind: fc.constantFrom('trim' as const, 'mark' as const, 'move' as const, 'keep' as const) }),
    fc.record({ kind: fc.constant('release' as const), clock: fc.integer({ min: 0, max: 3 }) }),
  ),
  { minLength: 1, maxLength: 60 },
)

describe('arena', () => {
  test('blocks never overlap and every sum is exact, whatever is allocated, freed, extended, moved and trimmed', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(MIB / 2, 3 * MIB, 16 * MIB), (list, capacity) => {
        const model = new Model(new Arena(capacity, 40))
        for (const step of list) {
          if (step.kind === 'alloc') for (let i = 0; i < step.times; i++) model.alloc(step.bytes)
          if (step.kind === 'free') for (let i = 0; i < step.times; i++) model.free(step.pick + i * 7)
          if (step.kind === 'extend') model.extend(step.pick, step.more)
          if (step.kind === 'trim') model.arena.trim()
          if (step.kind === 'mark') model.arena.markThin()
          if (step.kind === 'move') model.moveAll()
          if (step.kind === 'keep') model.arena.keepThin()
          if (step.kind === 'release') {
            model.arena.setClock(step.clock)
            while (model.arena.releaseSome(step.clock));
          }
          model.verify()
        }
        model.freeAll()
        model.verify()
        expect(model.arena.allocatedBytes).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  test.skipIf(process.platform !== 'linux')('trim gives free pages back to the system and leaves the rest', () => {
    const arena = new Arena(128 * MIB)
    const block = (): number => {
      const offset = arena.alloc(32 * MIB)
      arena.u8.fill(7, offset, offset + 32 * MIB)
      return offset
    }
    const [low, kept, high] = [block(), block(), block()]
    const before = process.memoryUsage.rss()
    arena.free(low)
    arena.free(high)
    arena.trim()
    expect(before - process.memoryUsage.rss()).toBeGreaterThan(60 * MIB)
    expect(arena.committedBytes).toBe(64 * MIB)
    expect(arena.u8.subarray(kept, kept + 32 * MIB).every(byte => byte === 7)).toBe(true)
    arena.check()
    expect(block()).toBe(low)
    expect(block()).toBe(high)
  })

  test('the size of a block is goodSize of what was asked, rounded up by at most an eighth above 56 bytes', () => {
    const arena = new Arena(64 * MIB)
    for (let bytes = 0; bytes <= 70000; bytes += bytes < 2100 ? 1 : 61) {
      const block = arena.alloc(bytes)
      const size = arena.sizeOf(block)
      expect(block % 8).toBe(0)
      expect(size).toBe(Arena.goodSize(bytes))
      expect(size).toBeGreaterThanOrEqual(Math.max(8, bytes))
      if (bytes > 56) expect(size - bytes).toBeLessThanOrEqual(bytes / 8)
      expect(Arena.goodSize(size)).toBe(size)
      arena.free(block)
    }
    expect(arena.allocatedBytes).toBe(0)
    arena.check()
  })

  test('alloc answers 0 when there is no room, and what was freed can be had again', () => {
    for (const bytes of [8, 96, 1000, 5000, 40960]) {
      const arena = new Arena(MIB)
      const blocks: number[] = []
      for (let block = arena.alloc(bytes); block !== 0; block = arena.alloc(bytes)) blocks.push(block)
      expect(arena.alloc(bytes)).toBe(0)
      arena.check()
      expect(arena.allocatedBytes).toBe(blocks.length * Arena.goodSize(bytes))
      expect(arena.allocatedBytes).toBeGreaterThan(0.9 * MIB)
      for (let i = 0; i < blocks.length; i += 3) {
        arena.free(blocks[i])
        expect(arena.alloc(bytes)).not.toBe(0)
      }
      arena.check()
    }
  })

  test('alloc answers 0 for more than the arena holds and throws for what is no size', () => {
    const arena = new Arena(MIB)
    for (const bytes of [MIB + 1, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER]) expect(arena.alloc(bytes)).toBe(0)
    for (const bytes of [-1, 1.5, Number.NaN, -(2 ** 31), 40000.5]) expect(() => arena.alloc(bytes)).toThrow(RangeError)
    expect(arena.allocatedBytes).toBe(0)
    arena.check()
  })

  test('when everything is freed all memory can be had as one block again', () => {
    const arena = new Arena(8 * MIB)
    const most = largest(arena)
    const blocks: number[] = []
    for (let i = 0; ; i++) {
      const block = arena.alloc((i * 7919) % 50000)
      if (block === 0) break
      blocks.push(block)
    }
    for (let i = 0; i < blocks.length; i += 2) arena.free(blocks[i])
    arena.check()
    for (let i = 1; i < blocks.length; i += 2) arena.free(blocks[i])
    expect(arena.allocatedBytes).toBe(0)
    arena.check()
    expect(largest(arena)).toBe(most)
  })

  test('free throws for an offset that is the middle of a large block, a free run or untouched memory', () => {
    const arena = new Arena(MIB)
    const block = arena.alloc(100000)
    expect(() => arena.free(block + 8)).toThrow('no block')
    expect(() => arena.free(MIB - 4096)).toThrow('no block')
    expect(() => arena.free(0)).toThrow('no block')
    expect(() => arena.free(4 * MIB)).toThrow('no block')
    arena.free(block)
    expect(() => arena.free(block)).toThrow('no block')
    arena.check()
  })

  test('extend grows a large block into untouched memory and into a free neighbour, but not over a live one', () => {
    const arena = new Arena(4 * MIB)
    const first = arena.alloc(50000)
    expect(arena.extend(first, 500000)).toBe(true)
    expect(arena.sizeOf(first)).toBe(Arena.goodSize(500000))
    const second = arena.alloc(100000)
    const third = arena.alloc(100000)
    expect(arena.extend(first, 500000 + 8192)).toBe(false)
    arena.free(second)
    expect(arena.extend(first, 600000)).toBe(true)
    expect(arena.extend(first, 700000)).toBe(false)
    expect(arena.allocatedBytes).toBe(Arena.goodSize(600000) + Arena.goodSize(100000))
    expect(arena.extend(third, 4 * MIB)).toBe(false)
    arena.check()
    arena.free(first)
    arena.free(third)
    arena.check()
  })

  test('extend of a small block is true only up to its size', () => {
    const arena = new Arena(MIB)
    const block = arena.alloc(1030)
    expect(arena.extend(block, 1152)).toBe(true)
    expect(arena.extend(block, 1153)).toBe(false)
    expect(arena.allocatedBytes).toBe(1152)
    const alone = arena.alloc(32768)
    expect(arena.extend(alone, 40000)).toBe(false)
    arena.check()
  })

  test('empty slabs that classes keep are given up before alloc answers 0', () => {
    const fresh = fillWith(new Arena(4 * MIB), 1000)
    const arena = new Arena(4 * MIB)
    for (let bytes = 8; bytes <= 32768; bytes = Arena.goodSize(bytes + 1)) {
      const blocks = Array.from({ length: 4 }, () => arena.alloc(bytes))
      for (const block of blocks) arena.free(block)
    }
    expect(fillWith(arena, 1000)).toBeGreaterThan(0.98 * fresh)
    arena.check()
  })

  test('a free run of the right length is found behind many that are just too short', () => {
    const arena = new Arena(8 * MIB)
    const wanted = arena.alloc(17 * 4096)
    arena.alloc(9 * 4096)
    const short: number[] = []
    for (let i = 0; i < 50; i++) {
      short.push(arena.alloc(16 * 4096))
      arena.alloc(9 * 4096)
    }
    fillWith(arena, 18 * 4096)
    fillWith(arena, 9 * 4096)
    arena.free(wanted)
    for (const block of short) arena.free(block)
    expect(arena.alloc(17 * 4096)).toBe(wanted)
    arena.check()
  })

  test('the root area is zeroed, keeps what is written to it, and is zeroed by reset', () => {
    const arena = new Arena(MIB, 100)
    expect(ARENA_ROOT % 8).toBe(0)
    expect(arena.u8.subarray(ARENA_ROOT, ARENA_ROOT + 100).every(byte => byte === 0)).toBe(true)
    arena.u8.fill(255, ARENA_ROOT, ARENA_ROOT + 100)
    for (let i = 0; i < 1000; i++) {
      const block = arena.alloc(200)
      arena.u8.fill(7, block, block + 200)
    }
    arena.check()
    expect(arena.u8.subarray(ARENA_ROOT, ARENA_ROOT + 100).every(byte => byte === 255)).toBe(true)
    arena.reset()
    expect(arena.u8.subarray(ARENA_ROOT, ARENA_ROOT + 100).every(byte => byte === 0)).toBe(true)
    expect(arena.allocatedBytes + arena.committedBytes).toBe(0)
    arena.check()
    expect(arena.u8.buffer).toBe(arena.f64.buffer)
    expect(arena.alloc(100)).toBeGreaterThan(0)
  })

  test('a reset of an arena that was much used leaves its pages to lowerTop, and what is handed out meanwhile stays', () => {
    const arena = new Arena(64 * MIB)
    const before = arena.u8
    const fill = (): void => {
      for (let i = 0; i < 100_000; i++) arena.u8.fill(7, arena.alloc(200), 0)
    }
    arena.alloc(4 * MIB)
    arena.reset()
    expect([arena.allocatedBytes, arena.committedBytes, arena.lowerTop(MIB)]).toEqual([0, 0, false])
    fill()
    const committed = arena.committedBytes
    arena.check()
    arena.reset()
    arena.check()
    expect([arena.u8 === before, arena.allocatedBytes, arena.committedBytes]).toEqual([true, 0, committed])
    const kept = arena.alloc(3000)
    arena.u8.fill(5, kept, kept + 3000)
    let steps = 0
    for (; arena.lowerTop(MIB); steps++) arena.check()
    expect(steps).toBe(Math.ceil(committed / MIB))
    expect(arena.committedBytes).toBeLessThan(128 << 10)
    expect(arena.u8.subarray(kept, kept + 3000).every(byte => byte === 5)).toBe(true)
    fill()
    arena.check()
  })

  test('the largest arena costs next to nothing until it is used, and its last byte can be', () => {
    const before = process.memoryUsage.rss()
    const arena = new Arena(MAX_ARENA_BYTES)
    const half = arena.alloc(2 ** 30)
    const rest = largest(arena)
    const last = arena.alloc(rest)
    arena.u8[last + rest - 1] = 1
    expect(half).toBeGreaterThan(0)
    expect(last + rest).toBe(MAX_ARENA_BYTES)
    expect(arena.allocatedBytes).toBe(2 ** 30 + rest)
    expect(process.memoryUsage.rss() - before).toBeLessThan(32 * MIB)
    arena.reset()
  })

  test('resident memory comes back after a reset', () => {
    const { stdout } = Bun.spawnSync([process.execPath, require.resolve('./resident.ts')])
    for (const { filled, reset } of JSON.parse(stdout.toString())) {
      expect(filled).toBeGreaterThan(80)
      expect(reset).toBeLessThan(40)
    }
    expect.assertions(6)
  })

  test('sizes that are none, too large or too small for the header are refused', () => {
    for (const capacity of [0, -4096, 4096, Number.NaN, MAX_ARENA_BYTES + 4096, Number.POSITIVE_INFINITY]) {
      expect(() => new Arena(capacity)).toThrow(RangeError)
    }
    for (const root of [-1, 0.5, Number.NaN]) expect(() => new Arena(MIB, root)).toThrow(RangeError)
  })

  test('a few blocks of every size fit into a small arena', () => {
    const arena = new Arena(2 * MIB)
    for (let bytes = 8; bytes <= 4096; bytes = Arena.goodSize(bytes + 1)) {
      for (let i = 0; i < 2; i++) expect(arena.alloc(bytes)).toBeGreaterThan(0)
    }
    arena.check()
  })

  test('blocks of thin slabs move into the room of others of their class, and whole slabs come free', () => {
    const arena = new Arena(64 * MIB)
    const model = new Model(arena)
    for (let i = 0; i < 20_000; i++) model.alloc(8 + (i % 50) * 16)
    for (let i = 0; i < 18_000; i++) model.free(i * 7919)
    const thin = arena.thinBytes
    expect(thin).toBeGreaterThan(4 * arena.allocatedBytes)
    expect(arena.markThin()).toBeGreaterThan(thin / 2)
    model.moveAll()
    expect(arena.keepThin()).toBe(0)
    model.verify()
    // Two slabs a class are left at most that are not full.
    expect(arena.thinBytes).toBeLessThan(50 * 2 * 32768)
    model.freeAll()
    model.verify()
  })

  test('slabs that are to run empty take no block, unless there is no other room', () => {
    const arena = new Arena(MIB)
    const blocks: number[] = []
    for (let block = arena.alloc(96); block !== 0; block = arena.alloc(96)) blocks.push(block)
    const kept = blocks.filter((_, i) => i % 5 === 0)
    for (const [i, block] of blocks.entries()) if (i % 5 !== 0) arena.free(block)
    expect(arena.markThin()).toBeGreaterThan(0)
    arena.check()
    let again = 0
    for (; arena.alloc(96) !== 0; again++);
    expect(again + kept.length).toBe(blocks.length)
    arena.check()
  })

  test('what has been free for long goes back in pieces, what is taken again does not count as given back', () => {
    const arena = new Arena(64 * MIB)
    const [first, kept] = [arena.alloc(8 * MIB), arena.alloc(40_000)]
    arena.setClock(1)
    arena.free(first)
    expect(arena.releaseSome(1)).toBe(false)
    arena.setClock(9)
    let pieces = 0
    for (; arena.releaseSome(2); pieces++);
    expect(pieces).toBe(8)
    expect(arena.residentBytes).toBe(4096 + arena.sizeOf(kept))
    arena.check()
    arena.alloc(3 * MIB)
    expect(arena.residentBytes).toBe(3 * MIB + 4096 + arena.sizeOf(kept))
    arena.check()
  })

  test('a long free run whose edges come and go is old all the same', () => {
    const arena = new Arena(64 * MIB)
    const [first] = [arena.alloc(8 * MIB), arena.alloc(40_000)]
    arena.setClock(1)
    arena.free(first)
    arena.setClock(5)
    const edge = arena.alloc(40_000)
    arena.free(edge)
    expect(arena.releaseSome(5)).toBe(true)
    arena.check()
  })
})

/** How many blocks of this size go in. */
function fillWith(arena: Arena, bytes: number): number {
  let count = 0
  while (arena.alloc(bytes) !== 0) count++
  return count
}

/** Size of the largest block that can be had. */
function largest(arena: Arena): number {
  let units = 0
  for (let step = 2 ** 18; step >= 1; step /= 2) {
    const block = arena.alloc((units + step) * 4096)
    if (block === 0) continue
    units += step
    arena.free(block)
  }
  return units * 4096
}
