// A namespace by name, as a connection is bound to it: keys that the connection names are inside it, without a prefix.

import type { KeyFinder } from './finder.ts'

export class Namespace {
  /** Byte string: one character a byte. */
  readonly name: string
  readonly bytes: Uint8Array
  /** Of the name; 0 for `default`. */
  readonly hash: number

  constructor(name: string, keys: Pick<KeyFinder, 'namespaceHash'>) {
    this.name = name
    this.bytes = new Uint8Array(Buffer.from(name, 'latin1'))
    this.hash = keys.namespaceHash(this.bytes, 0, this.bytes.length)
  }
}
