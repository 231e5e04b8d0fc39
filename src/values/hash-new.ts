// New packed hashes. One that comes with several fields is made as large as they need; if others have the same fields, in the
// same order, it gets their block of names and its values in one go, and no field is compared with another one.

import { copy } from '../bytes/ascii.ts'
import { packedSize, packedWrite } from '../memory/packed.ts'
import {
  PACKED_COUNT_AT,
  PACKED_USED_AT,
  packedCount,
  packedCreate,
  packedFirst,
  packedReserveExactly,
  packedUsed,
} from '../memory/packed-block.ts'
import {
  type Fields,
  LEAST_SHARED_FIELDS,
  MOST_SHARED_FIELDS,
  namesFind,
  namesFor,
  namesHash,
  namesTake,
} from './hash-names.ts'
import { PackedHash, spell } from './hash-packed.ts'
import { FORM_LISTPACK, FORM_SHARED } from './types.ts'

/** So many hashes in a row with names that no other has, and most of those that follow are not looked at any more. */
const MANY_STRANGERS = 64
const LOOK_EVERY = 16

export abstract class NewHash extends PackedHash {
  /** The hash of a new hash's names as far as fill has worked it out, 0 otherwise: for complete. */
  protected wordsHash = 0
  /** Whether it is left alone: looking for its names is a fifth of making it. */
  protected isStranger = false
  /** Hashes in a row that shared with nobody. */
  private strangers = 0

  /**
   * Gives a new hash the fields and values in the words from `first` on, if others have the same fields already. False, and
   * nothing changed, when they do not; complete() shares them when they come again.
   */
  fill(words: Fields, first: number): boolean {
    const { a, root } = this
    const { buf, starts, ends, count } = words
    this.isStranger = !this.seeks()
    const bytes = this.isStranger ? -1 : this.sharedBytes(words, first)
    if (bytes < 0) return false
    this.wordsHash = this.hashOfWords(words, first)
    const names = namesFind(a, this.wordsHash, words, first)
    const block = names === 0 ? 0 : packedCreate(a, bytes)
    if (block === 0) return false
    namesTake(a, names)
    let logical = 0
    let at = packedFirst(block)
    for (let i = first; i < count; i += 2) {
      at = packedWrite(a.u8, at, buf, starts[i + 1], ends[i + 1])
      logical += ends[i] - starts[i] + ends[i + 1] - starts[i + 1]
    }
    this.takeShared(block, names, bytes)
    a.free(root)
    this.addLogical(logical)
    return true
  }

  private seeks(): boolean {
    return ++this.strangers < MANY_STRANGERS || this.strangers % LOOK_EVERY === 0
  }

  /** Bytes of the values, packed, that a hash with these fields would hold; -1 when it may not share. */
  private sharedBytes({ buf, starts, ends, count }: Fields, first: number): number {
    const { hashMaxListpackEntries: most, hashMaxListpackValueBytes: longest } = this.host.limits
    const fields = (count - first) >> 1
    if (fields < LEAST_SHARED_FIELDS || fields > Math.min(most, MOST_SHARED_FIELDS)) return -1
    let bytes = 0
    for (let i = first; i < count; i += 2) {
      if (ends[i] - starts[i] > longest || ends[i + 1] - starts[i + 1] > longest) return -1
      bytes += packedSize(buf, starts[i + 1], ends[i + 1])
    }
    return bytes
  }

  private hashOfWords({ buf, starts, ends, count }: Fields, first: number): number {
    const { hasher } = this.host
    let hash = 0
    for (let i = first; i < count; i += 2) hash = namesHash(hash, hasher, buf, starts[i], ends[i])
    return hash
  }

  /**
   * Makes a new hash, packed as it is, as large as it has to be for the fields and values in the words from `first` on: it
   * need not move for each of them, and has no room left that it may never need. Best effort.
   */
  expect({ buf, starts, ends, count }: Fields, first: number): void {
    const { hashMaxListpackEntries: most, hashMaxListpackValueBytes: longest } = this.host.limits
    if (count - first > 2 * most) return
    let bytes = 0
    for (let i = first; i < count; i++) {
      if (ends[i] - starts[i] > longest) return
      bytes += packedSize(buf, starts[i], ends[i])
    }
    this.root = packedReserveExactly(this.a, this.root, bytes) || this.root
  }

  /** A new hash has all its fields: if others came with the same lately, it shares their names from now on. Best effort. */
  override complete(): void {
    const { a, root, form } = this
    const fields = form === FORM_LISTPACK ? packedCount(a, root) >> 1 : 0
    if (fields < LEAST_SHARED_FIELDS || fields > MOST_SHARED_FIELDS || this.isStranger) return
    const before = a.allocatedBytes
    const names = namesFor(a, this.wordsHash === 0 ? this.hashOfFields() : this.wordsHash, root)
    this.allocatedBefore += a.allocatedBytes - before
    if (names === 0) return
    const bytes = packedUsed(a, root) - packedUsed(a, names)
    const block = packedCreate(a, bytes)
    namesTake(a, names)
    if (block === 0) {
      this.dropNames(names)
      return
    }
    let at = packedFirst(block)
    this.beginPacked()
    while (this.nextPacked()) at = copy(a.u8, at, a.u8, this.field.next, this.value.next)
    this.takeShared(block, names, bytes)
    a.free(root)
  }

  private hashOfFields(): number {
    const { host, field, fieldDigits } = this
    let hash = 0
    this.beginPacked()
    while (this.nextPacked()) {
      spell(field, fieldDigits)
      hash = namesHash(hash, host.hasher, field.buf, field.start, field.end)
    }
    return hash
  }

  /** The value is in a block of `bytes` values now, with these names. What was its block the caller frees. */
  private takeShared(block: number, names: number, bytes: number): void {
    const { a, root } = this
    this.carry(block, root)
    a.i32[(block + PACKED_COUNT_AT) >> 2] = names
    a.i32[(block + PACKED_USED_AT) >> 2] = bytes
    this.root = block
    this.form = FORM_SHARED
    this.strangers = 0
  }
}
