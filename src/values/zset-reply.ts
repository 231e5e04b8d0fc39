// Members of a sorted set as replies: packed elements in place, a large set leaf by leaf. The walk of the view (zset-walk.ts)
// would note for each member what only the next line here wants to know: ZRANGE of ten of 20,000 took 400 ns longer by it.

import { PackedElement, packedBack, packedSkip } from '../memory/packed.ts'
import { packedAt } from '../memory/packed-block.ts'
import { scoredLength, scoredStart } from '../memory/scored.ts'
import { TreeCursor } from '../memory/tree.ts'
import { LEAF_MOST } from '../memory/tree-node.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import { replyElement } from './packed-reply.ts'
import type { SortedSet } from './zset.ts'
import { TREE_AT } from './zset-large.ts'
import { scoreAt } from './zset-pairs.ts'

const cursor = new TreeCursor()
const refs = new Int32Array(LEAF_MOST)
const scores = new Float64Array(LEAF_MOST)
const element = new PackedElement()

/** Writes `n` members from `rank` on, below 0: -n backwards from there, each as a bulk, and its score behind it. They must be there. */
export function replyMembers(reply: ReplyWriter, zset: SortedSet, rank: number, n: number, withScores: boolean): void {
  if (zset.isSmall) replyPairs(reply, zset, rank, n, withScores)
  else replyLeaves(reply, zset, rank, n, withScores)
}

function replyPairs(reply: ReplyWriter, zset: SortedSet, rank: number, n: number, withScores: boolean): void {
  const { a } = zset
  const { u8 } = a
  let at = packedAt(a, zset.root, 2 * rank)
  for (let left = Math.abs(n); left > 0; left--) {
    element.read(u8, at)
    const scored = element.next
    if (withScores) reply.pair()
    replyElement(reply, element, a)
    if (withScores) reply.double(scoreAt(u8, scored))
    if (n > 0) at = packedSkip(u8, scored)
    else if (left > 1) at = packedBack(u8, packedBack(u8, at))
  }
}

function replyLeaves(reply: ReplyWriter, zset: SortedSet, rank: number, n: number, withScores: boolean): void {
  const { a } = zset
  const { u8 } = a
  cursor.toRank(a, zset.root + TREE_AT, rank)
  for (let left = n; left !== 0; ) {
    const taken = cursor.take(a, left, refs, scores)
    left += left < 0 ? taken : -taken
    // Looked at together first, so that the waits for their memory overlap; the sum is kept, or the looking is left out.
    let sum = 0
    for (let i = 0; i < taken; i++) sum += u8[refs[i]]
    zset.touched = sum
    for (let i = 0; i < taken; i++) {
      const start = scoredStart(u8, refs[i])
      if (withScores) reply.pair()
      reply.bulkOf(a, start, start + scoredLength(u8, refs[i]))
      if (withScores) reply.double(scores[i])
    }
  }
}
