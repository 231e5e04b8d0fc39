// Packed elements as replies: an integer is a bulk of its digits.

import type { PackedElement } from '../memory/packed.ts'
import type { ReplyWriter } from '../resp/writer.ts'

/** Writes the element as a bulk. */
export function replyElement(reply: ReplyWriter, element: PackedElement): void {
  if (element.isInt) reply.bulkInt(element.int)
  else reply.bulk(element.buf, element.start, element.end)
}
