// How much memory the arena holds beyond what is live, under the loads that break allocators: sizes that keep changing,
// sizes that change once for all, and blocks freed at random.

import { describe, expect, test } from 'bun:test'
import { Arena } from '../../src/memory/arena.ts'

/** xorshift32 by Marsaglia: the same numbers in each run. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

function fill(arena: Arena, count: number, size: () => number): Int32Array {
  return Int32Array.from({ length: count }, () => arena.alloc(size()))
}

function overwrite(arena: Arena, blocks: Int32Array, times: number, random: () => number, size: () => number): void {
  for (let i = 0; i < times; i++) {
    const at = random() % blocks.length
    arena.free(blocks[at])
    blocks[at] = arena.alloc(size())
  }
}

describe('fragmentation', () => {
  const random = randomFrom(20260601)
  const loads = [
    { name: '20,000 blocks of 8 to 1024 bytes', live: 20_000, size: () => 8 + (random() % 1017), most: 1.5 },
    {
      name: '20,000 blocks of 16 to 4096 bytes, small ones more often',
      live: 20_000,
      size: () => 16 << (random() % 9),
      most: 1.1,
    },
    { name: '2,000 blocks of 1 to 50000 bytes', live: 2_000, size: () => 1 + (random() % 50000), most: 1.25 },
  ]
  test.each(loads)('two million overwrites of $name do not make the arena grow', ({ live, size, most }) => {
    const arena = new Arena(2 ** 30)
    const blocks = fill(arena, live, size)
    overwrite(arena, blocks, 200_000, random, size)
    const before = arena.committedBytes
    overwrite(arena, blocks, 1_800_000, random, size)
    expect(blocks.includes(0)).toBe(false)
    expect(arena.committedBytes).toBeLessThanOrEqual(before * 1.25)
    expect(arena.committedBytes).toBeLessThanOrEqual(arena.allocatedBytes * most)
    arena.check()
    arena.reset()
  })

  test('large blocks take the place of small ones that were freed together', () => {
    const arena = new Arena(2 ** 28)
    const blocks = fill(arena, 200_000, () => 100)
    const before = arena.committedBytes
    for (let i = 0; i < 180_000; i++) arena.free(blocks[i])
    const room = before - arena.allocatedBytes
    const large = fill(arena, Math.floor((0.97 * room) / 65536), () => 65536)
    expect(large.includes(0)).toBe(false)
    expect(arena.committedBytes).toBe(before)
    arena.check()
    arena.reset()
  })

  test('small blocks take the place of freed large ones, and slabs thinned at random are filled before new ones', () => {
    const arena = new Arena(2 ** 28)
    const large = fill(arena, 200, () => 100_000)
    const before = arena.committedBytes
    for (const block of large) arena.free(block)
    const blocks = fill(arena, 200_000, () => 96)
    expect(arena.committedBytes).toBe(before)
    for (let i = 0; i < blocks.length; i++) if (random() % 10 !== 0) arena.free(blocks[i])
    fill(arena, 170_000, () => 96)
    expect(arena.committedBytes).toBe(before)
    arena.check()
    arena.reset()
  })

  test('blocks go to the fullest slabs with room, so that sparse ones can run empty', () => {
    const arena = new Arena(2 ** 28)
    const blocks = fill(arena, 100_000, () => 96)
    const boundary = blocks[50_000]
    for (let i = 0; i < blocks.length; i++) {
      if (random() % 100 < (i < 50_000 ? 90 : 20)) arena.free(blocks[i])
    }
    const sparse = fill(arena, 8_000, () => 96).filter(block => block < boundary).length
    expect(sparse).toBeLessThan(400)
    arena.reset()
  })

  test('blocks that move together leave less than a tenth unused, round after round of other sizes', () => {
    const arena = new Arena(2 ** 30)
    let blocks: number[] = []
    let committed = 0
    for (let round = 0; round < 8; round++) {
      const step = 16 << (round % 4)
      for (let i = 0; i < 60_000; i++) blocks.push(arena.alloc(8 + (random() % 16) * step))
      const kept: number[] = []
      for (const block of blocks) {
        if (random() % 10 < 7) arena.free(block)
        else kept.push(block)
      }
      arena.markThin()
      blocks = kept.map(block => arena.moved(block))
      arena.keepThin()
      expect([round, arena.thinBytes < 0.1 * arena.allocatedBytes + 64 * 32768]).toEqual([round, true])
      if (round === 3) committed = arena.committedBytes
    }
    // What survives of earlier rounds is a third once more; holes are no part of it.
    expect(arena.committedBytes).toBeLessThan(1.5 * committed)
    arena.check()
    arena.reset()
  })

  test('a block that grows through all sizes leaves next to nothing behind', () => {
    const arena = new Arena(16 << 20)
    const start = arena.committedBytes
    let block = arena.alloc(8)
    for (let size = 16; size <= 4096; size += 8) {
      const larger = arena.alloc(size)
      arena.free(block)
      block = larger
    }
    expect(arena.committedBytes - start).toBeLessThan(64 << 10)
    arena.check()
  })
})
