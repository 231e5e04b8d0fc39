// A large set of byte strings: a dict (dict.ts) whose pairs are the hash of a member and the offset of its block.
//
//   dict root ──► (hash, ref) pairs ──► member, one block each:   varint length, bytes
//
//   the varint: seven bits a byte, the lowest first, all but the last with the top bit set; one byte up to 127
//
//   find, add, remove     a dict's, and one block read        1 member of 20 bytes    10.5 + 24 bytes
//   scan                  a dict's                            1 member of 7 bytes     10.5 + 8 bytes
//
// A slot is the dict's: good until the next change. The caller hashes; `hash` must always be the same for the same bytes.

import { copy } from '../bytes/ascii.ts'
import type { Arena } from './arena.ts'
import { DictWalk, dictClear, dictDrain, dictFind, dictInsert, dictNext, dictRef, dictRemove } from './dict.ts'
import { dictMove, type MoveRef } from './dict-move.ts'

/** Pairs whose blocks are freed in one step of membersClear. */
const CLEARED_TOGETHER = 256
const ALL_HASHES = 0x1_0000_0000
/** dictScan's places are multiples of this. */
const PLACE = 256

const clearing = new DictWalk(0)

export function memberLength(u8: Uint8Array, ref: number): number {
  const first = u8[ref]
  return first < 128 ? first : longLength(u8, ref)
}

function longLength(u8: Uint8Array, ref: number): number {
  let length = 0
  let shift = 0
  for (; u8[ref] >= 128; ref++, shift += 7) length |= (u8[ref] & 127) << shift
  return length | (u8[ref] << shift)
}

/** Where the bytes of a member start. */
export function memberStart(u8: Uint8Array, ref: number): number {
  while (u8[ref] >= 128) ref++
  return ref + 1
}

function headBytes(length: number): number {
  let bytes = 1
  for (let rest = length >>> 7; rest !== 0; rest >>>= 7) bytes++
  return bytes
}

/** Bytes of the block of a member of this length. */
export function memberBytes(length: number): number {
  return headBytes(length) + length
}

/** The slot of the member buf[start, end), 0 when it is not there. */
export function membersFind(a: Arena, root: number, hash: number, buf: Uint8Array, start: number, end: number): number {
  const { u8 } = a
  const length = end - start
  let slot = dictFind(a, root, hash)
  while (slot !== 0) {
    const ref = dictRef(a, slot)
    if (memberLength(u8, ref) === length) {
      const at = memberStart(u8, ref)
      let i = 0
      while (i < length && u8[at + i] === buf[start + i]) i++
      if (i === length) return slot
    }
    slot = dictNext(a, root, slot, hash)
  }
  return 0
}

/** Adds a member that is not there; returns its slot. 0 when the arena has no room; nothing has changed then. */
export function membersAdd(a: Arena, root: number, hash: number, buf: Uint8Array, start: number, end: number): number {
  const length = end - start
  const ref = a.alloc(memberBytes(length))
  if (ref === 0) return 0
  const slot = dictInsert(a, root, hash, ref)
  if (slot === 0) {
    a.free(ref)
    return 0
  }
  const { u8 } = a
  let at = ref
  let rest = length
  for (; rest >= 128; rest >>>= 7) u8[at++] = (rest & 127) | 128
  u8[at++] = rest
  copy(u8, at, buf, start, end)
  return slot
}

/** Takes out the member in a slot. Its bytes stay as they are until the next allocation, but for the first eight of its block. */
export function membersRemove(a: Arena, root: number, slot: number): void {
  const ref = dictRef(a, slot)
  dictRemove(a, root, slot)
  a.free(ref)
}

/**
 * Frees about `most` members of a dict that nobody looks at any more, from a place on, 0 at first. Returns the next place,
 * or 0 when there are no more: the root is that of an empty dict then.
 */
export function membersFree(a: Arena, root: number, from: number, most: number): number {
  const { batch } = clearing
  batch.length = 0
  const next = dictDrain(a, root, from * PLACE, most, batch)
  for (let i = 0; i < batch.length; i++) a.free(batch.refs[i])
  return next < ALL_HASHES ? next / PLACE : 0
}

/** Frees all members and what the dict has; the root is that of an empty dict then. */
export function membersClear(a: Arena, root: number): void {
  clearing.root = root
  clearing.position = 0
  const { batch } = clearing
  while (clearing.step(a, CLEARED_TOGETHER)) for (let i = 0; i < batch.length; i++) a.free(batch.refs[i])
  dictClear(a, root)
}

const moveMember: MoveRef = (a, _root, ref) => a.moved(ref)

/** Moves some members out of slabs that are to run empty, as dictMove. */
export function membersMove(a: Arena, root: number, position: number): number {
  return dictMove(a, root, position, moveMember)
}
