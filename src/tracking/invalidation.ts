// What a client hears when keys it may hold have changed, encoded at most once for each protocol:
//
//   RESP3   a push    >2 invalidate [keys]
//   RESP2   a message on a channel, for the client that another one redirects to    message __redis__:invalidate [keys]
//
// Null in place of the keys means all of them.

import { ReplyWriter } from '../resp/writer.ts'
import { localStart } from '../store/names.ts'
import type { Namespace } from '../store/namespace.ts'

const CHANNEL = '__redis__:invalidate'

const scratch = new ReplyWriter(4096)

function written(): Uint8Array {
  const pieces = scratch.take()
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces)
}

export class Invalidation {
  private readonly names: readonly Uint8Array[] | undefined
  private readonly made: (Uint8Array | undefined)[] = [undefined, undefined]

  /** Undefined: all keys. */
  constructor(names: readonly Uint8Array[] | undefined) {
    this.names = names
  }

  /** The bytes for a client of this protocol; shared, not to be changed. */
  encoded(protocol: 2 | 3): Uint8Array {
    this.made[protocol - 2] ??= this.encode(protocol)
    return this.made[protocol - 2] as Uint8Array
  }

  private encode(protocol: 2 | 3): Uint8Array {
    scratch.protocol = protocol
    if (protocol === 3) {
      scratch.push(2)
      scratch.bulkText('invalidate')
    } else {
      scratch.push(3)
      scratch.bulkText('message')
      scratch.bulkText(CHANNEL)
    }
    if (this.names === undefined) scratch.null()
    else {
      scratch.array(this.names.length)
      for (const name of this.names) scratch.bulk(name, 0, name.length)
    }
    return written()
  }
}

export const ALL_KEYS: Invalidation = new Invalidation(undefined)

/** One key on its way to those who have read it, each of whom hears of it by the name that it knows. */
export class KeyInvalidation {
  private readonly name: Uint8Array
  private readonly shown: Invalidation
  private local: Invalidation | undefined

  /** `name` is the one by which all namespaces are told apart. */
  constructor(name: Uint8Array) {
    this.name = name
    this.shown = new Invalidation([name])
  }

  /** For a client that is bound to this namespace, or to none; undefined: the key is none of its business. */
  seenFrom(namespace: Namespace | undefined): Invalidation | undefined {
    if (namespace === undefined) return this.shown
    const start = localStart(this.name, namespace)
    if (start < 0) return undefined
    // A key is in one namespace, so all who are bound to that know it by the same name.
    this.local ??= new Invalidation([this.name.subarray(start)])
    return this.local
  }
}

/** Tells a RESP3 client that the one it redirects to is gone. */
export function brokenRedirection(id: number): Uint8Array {
  scratch.protocol = 3
  scratch.push(2)
  scratch.bulkText('tracking-redir-broken')
  scratch.int(id)
  return written()
}
