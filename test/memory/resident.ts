// Run by arena.test.ts in a process of its own, where nobody else's memory comes and goes: fills an arena, resets it and lets it go page by page, and
// prints by how many MiB the resident memory is above what it was, after each of both, as JSON.

import { Arena } from '../../src/memory/arena.ts'

const MIB = 2 ** 20
const arena = new Arena(512 * MIB)
const before = process.memoryUsage.rss()
const grown = (): number => Math.round((process.memoryUsage.rss() - before) / MIB)
const rounds: { filled: number; reset: number }[] = []
for (let round = 0; round < 3; round++) {
  const block = arena.alloc(100 * MIB)
  arena.u8.fill(1, block, block + 100 * MIB)
  const filled = grown()
  arena.reset()
  while (arena.lowerTop(MIB));
  rounds.push({ filled, reset: grown() })
}
process.stdout.write(JSON.stringify(rounds))
