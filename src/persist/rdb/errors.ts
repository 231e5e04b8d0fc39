// What reading RDB throws: bytes that are not what they should be, or that this server has no type for.

/** The bytes are not those of a value, or the value contradicts itself. */
export class RdbCorrupt extends Error {
  override readonly name = 'RdbCorrupt'
}

/** The bytes may be in order: they hold what this server does not know. */
export class RdbUnsupported extends Error {
  override readonly name = 'RdbUnsupported'
}

export function corrupt(reason: string): never {
  throw new RdbCorrupt(reason)
}
