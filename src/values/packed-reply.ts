// Packed elements as replies: an integer is a bulk of its digits.

import type { Viewed } from '../bytes/wide-copy.ts'
import type { PackedElement } from '../memory/packed.ts'
import type { ReplyWriter } from '../resp/writer.ts'

/** Writes the element, which was read from the buffer `from` unless it was spelled since, as a bulk. */
export function replyElement(reply: ReplyWriter, element: PackedElement, from: Viewed): void {
  if (element.isInt) reply.bulkInt(element.int)
  else if (element.buf === from.u8) reply.bulkOf(from, element.start, element.end)
  else reply.bulk(element.buf, element.start, element.end)
}

/** The same of an element of which this is the rest: it begins with the bytes [prefix, prefix + prefixBytes) of `from`. */
export function replyRest(
  reply: ReplyWriter,
  rest: PackedElement,
  from: Viewed,
  prefix: number,
  prefixBytes: number,
): void {
  if (rest.isInt) reply.bulkWithInt(from, prefix, prefixBytes, rest.int)
  else reply.bulkOfTwo(from, prefix, prefixBytes, rest.start, rest.end)
}
