// Names of keys as clients see them: keys of `default` without prefix, unless the local key has a slash of its own, then
// `default/a/b`, so that whatever is shown can be used to address the key.

import { equals, indexOfByte, toText } from '../bytes/ascii.ts'
import { SLASH } from './finder.ts'
import type { Namespace } from './namespace.ts'
import type { Place } from './place.ts'

export const DEFAULT_NAMESPACE = new TextEncoder().encode('default')

/** Whether a key is shown with its namespace: `nsHash` is 0 in `default`, the local key is buf[start, end). */
export function isShownWithNamespace(nsHash: number, buf: Uint8Array, start: number, end: number): boolean {
  return nsHash !== 0 || indexOfByte(buf, start, end, SLASH) >= 0
}

/** The bytes of the name at `p`, a copy. The parts of a name need not lie together at a place. */
export function displayBytes(p: Place): Uint8Array {
  const key = p.buf.subarray(p.keyStart, p.keyEnd)
  if (!isShownWithNamespace(p.nsHash, p.buf, p.keyStart, p.keyEnd)) return new Uint8Array(key)
  const ns = p.nsHash === 0 ? DEFAULT_NAMESPACE : p.nsBuf.subarray(p.nsStart, p.nsEnd)
  const name = new Uint8Array(ns.length + 1 + key.length)
  name.set(ns)
  name[ns.length] = SLASH
  name.set(key, ns.length + 1)
  return name
}

/** The same as a byte string. */
export function displayName(p: Place): string {
  const bytes = displayBytes(p)
  return toText(bytes, 0, bytes.length)
}

/**
 * Where in a name that is shown like that the part begins by which those know the key who are bound to its namespace; -1
 * when it is in another one.
 */
export function localStart(shown: Uint8Array, namespace: Namespace): number {
  const slash = shown.indexOf(SLASH)
  if (slash < 0) return namespace.hash === 0 ? 0 : -1
  const { bytes } = namespace
  return equals(shown, 0, slash, bytes, 0, bytes.length) ? slash + 1 : -1
}

/** The name of the namespace of the key at `p`, a byte string. */
export function namespaceName(p: Place): string {
  return p.nsHash === 0 ? toText(DEFAULT_NAMESPACE, 0, DEFAULT_NAMESPACE.length) : toText(p.nsBuf, p.nsStart, p.nsEnd)
}
