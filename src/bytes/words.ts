// The words of one request: their bytes and where each starts and ends. What a look-up or an argument cursor borrows
// from; a request fresh from the socket and one that waits in a queue look the same here.

export interface Words {
  readonly buf: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** Number of words, the command's name included. */
  readonly count: number
  /**
   * The word whose hashes are known (0: none), so that a key touched ahead of its command is hashed once: hash of the
   * namespace's name, of namespace and local key, and where the local key starts.
   */
  keyAt: number
  nsHash: number
  keyHash: number
  keyStart: number
  /**
   * Where a look ahead found the word `keyAt`: namespace record and dict slot, in the database `foundDb`. They hold as
   * long as the keyspace's `epoch` is `foundEpoch`.
   */
  foundEpoch: number
  foundDb: number
  foundNs: number
  foundSlot: number
}
