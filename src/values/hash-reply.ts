// All fields of a hash as replies: packed elements in place, a map batch by batch. The walk of the view (hash.ts) would aim
// `field` and `value` at each pair for what only the next line here wants to know.

import { DictWalk } from '../memory/dict.ts'
import { FieldView } from '../memory/fields.ts'
import { PackedElement, packedSkip } from '../memory/packed.ts'
import { packedFirst, packedStop } from '../memory/packed-block.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import type { Hash } from './hash.ts'
import { FIELDS } from './hash-map.ts'
import { namesOf } from './hash-names.ts'
import { replyElement } from './packed-reply.ts'
import { FORM_SHARED } from './types.ts'

/** What is wanted of each pair: its field, its value, or the one and then the other. */
export type HashPart = 'field' | 'value' | 'pair'

/** Fields that are looked up in a map together. */
const STEP = 128

const element = new PackedElement()
const view = new FieldView()
const walk = new DictWalk(0)

/** Writes a part of each pair as a bulk: hash.count of them, twice as many for pairs. */
export function replyFields(reply: ReplyWriter, hash: Hash, part: HashPart): void {
  if (!hash.isPacked) replyMap(reply, hash, part)
  else if (hash.form === FORM_SHARED) replyShared(reply, hash, part)
  else replyPacked(reply, hash, part)
}

function replyPacked(reply: ReplyWriter, { a, root }: Hash, part: HashPart): void {
  const first = packedFirst(root)
  const stop = packedStop(a, root)
  if (part === 'pair') replyRow(reply, a, first, stop)
  else replyEverySecond(reply, a, part === 'field' ? first : packedSkip(a.u8, first), stop)
}

function replyShared(reply: ReplyWriter, { a, root }: Hash, part: HashPart): void {
  const names = namesOf(a, root)
  if (part === 'value') replyRow(reply, a, packedFirst(root), packedStop(a, root))
  else if (part === 'field') replyRow(reply, a, packedFirst(names), packedStop(a, names))
  else {
    const { u8 } = a
    const stop = packedStop(a, root)
    let name = packedFirst(names)
    for (let at = packedFirst(root); at < stop; at = element.next) {
      element.read(u8, name)
      replyElement(reply, element, a)
      name = element.next
      element.read(u8, at)
      replyElement(reply, element, a)
    }
  }
}

/** The packed elements in [at, stop). */
function replyRow(reply: ReplyWriter, a: Hash['a'], at: number, stop: number): void {
  const { u8 } = a
  for (; at < stop; at = element.next) {
    element.read(u8, at)
    replyElement(reply, element, a)
  }
}

/** The packed element at `at` and every second one behind it, before `stop`. */
function replyEverySecond(reply: ReplyWriter, a: Hash['a'], at: number, stop: number): void {
  const { u8 } = a
  while (at < stop) {
    element.read(u8, at)
    replyElement(reply, element, a)
    at = element.next
    if (at < stop) at = packedSkip(u8, at)
  }
}

function replyMap(reply: ReplyWriter, hash: Hash, part: HashPart): void {
  const { a, root } = hash
  const { batch } = walk
  walk.root = root + FIELDS
  walk.position = 0
  while (walk.step(a, STEP)) {
    hash.touch(batch)
    const { refs, length } = batch
    for (let i = 0; i < length; i++) {
      if (hash.isDue(refs[i])) continue
      view.read(a, refs[i])
      if (part !== 'value') reply.bulkOf(a, view.start, view.end)
      if (part !== 'field') reply.bulkOf(a, view.valueStart, view.valueEnd)
    }
  }
}
