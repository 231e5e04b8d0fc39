// A place: where a key lives, found once per command and then used by every verb. Places are few and reused (one per key
// that a command holds at the same time), so finding a key makes no object.

import type { Shard } from './shard.ts'

export class Place {
  /** Bytes of the name as given; the offsets below lie in it. Borrowed: valid for the running command only. */
  buf: Uint8Array = new Uint8Array(0)
  keyStart = 0
  keyEnd = 0
  /** The namespace's name: nsBuf[nsStart, nsEnd), meaningless for `default`. */
  nsBuf: Uint8Array = this.buf
  nsStart = 0
  nsEnd = 0
  /** Hash of the namespace's name, 0 for `default`. */
  nsHash = 0
  /** Hash of namespace and local key. */
  hash = 0
  db = 0
  shard: Shard
  /** Offset of the namespace record in the shard's arena; 0 when it has no keys there. */
  ns = 0
  /** Offset of the dict slot, 0 when the key does not exist. */
  slot = 0
  /** Offset of the entry, 0 when the key does not exist. */
  entry = 0

  constructor(shard: Shard) {
    this.shard = shard
  }
}
