// A model of the arena for tests: every live block with its size and a byte pattern of its own. verify() finds any byte
// of a block that something else has written, and any sum that is off.

import { expect } from 'bun:test'
import type { Arena } from '../../src/memory/arena.ts'

type Block = { offset: number; size: number; pattern: number }

export class Model {
  readonly arena: Arena
  private readonly blocks: Block[] = []
  private patterns = 0

  constructor(arena: Arena) {
    this.arena = arena
  }

  alloc(bytes: number): void {
    const offset = this.arena.alloc(bytes)
    if (offset === 0) return
    this.patterns = (this.patterns % 251) + 1
    const block = { offset, size: this.arena.sizeOf(offset), pattern: this.patterns }
    expect(block.size).toBeGreaterThanOrEqual(bytes)
    this.blocks.push(block)
    this.paint(block)
  }

  free(pick: number): void {
    if (this.blocks.length === 0) return
    const at = pick % this.blocks.length
    const block = this.blocks[at]
    this.verifyBlock(block)
    this.arena.free(block.offset)
    const last = this.blocks.pop()
    if (last !== undefined && at < this.blocks.length) this.blocks[at] = last
  }

  extend(pick: number, more: number): void {
    if (this.blocks.length === 0) return
    const block = this.blocks[pick % this.blocks.length]
    const grown = this.arena.extend(block.offset, block.size + more)
    const size = this.arena.sizeOf(block.offset)
    expect(grown ? size >= block.size + more : size === block.size).toBe(true)
    this.verifyBlock(block)
    block.size = size
    this.paint(block)
  }

  /** Asks for each block where it is to lie; it takes its pattern along. */
  moveAll(): void {
    for (const block of this.blocks) {
      block.offset = this.arena.moved(block.offset)
      expect(this.arena.sizeOf(block.offset)).toBe(block.size)
      this.verifyBlock(block)
    }
  }

  freeAll(): void {
    while (this.blocks.length > 0) this.free(this.blocks.length * 31)
  }

  /** Every pattern, the sums, and the arena's own walk. */
  verify(): void {
    let sum = 0
    for (const block of this.blocks) {
      this.verifyBlock(block)
      sum += block.size
    }
    expect(this.arena.allocatedBytes).toBe(sum)
    expect(this.arena.committedBytes).toBeGreaterThanOrEqual(sum)
    this.arena.check()
  }

  /** Fills short blocks wholly, long ones at both ends and at each unit, where a neighbour's marks would land. */
  private paint({ offset, size, pattern }: Block): void {
    for (let at = 0; at < size; at += at < 64 || at >= size - 64 || size < 2048 ? 1 : 64) {
      this.arena.u8[offset + at] = pattern
    }
  }

  private verifyBlock({ offset, size, pattern }: Block): void {
    const u8 = this.arena.u8
    let wrong = -1
    for (let at = 0; at < size; at += at < 64 || at >= size - 64 || size < 2048 ? 1 : 64) {
      if (u8[offset + at] !== pattern) wrong = at
    }
    expect(wrong).toBe(-1)
  }
}
