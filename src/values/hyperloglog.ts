// HyperLogLog: how many different elements were seen, within 0.81 %, in 12 KiB or less. The value is a string in Redis's
// own bytes (hyperloglog.c), so that GET, DUMP and files mean the same in both.
//
//    0  "HYLL"      4  encoding: 0 dense, 1 sparse      5  three unused bytes
//    8  u64 little-endian: the count as last estimated; its highest bit says that it is no longer valid
//   16  registers   dense: 16384 of 6 bits, the lowest bits of a byte first     sparse: runs of equal registers
//
//   sparse    00llllll             l + 1 registers of 0         1 to 64
//             01llllll llllllll    l + 1 registers of 0         1 to 16384
//             1vvvvvll             l + 1 registers of v + 1     1 to 4 registers of 1 to 32
//
// A register holds the longest run of zeros, plus one, in the hashes of the elements that fall on it.
//
//   an element into a dense value: 20 ns and its hash; into a sparse one up to 2 us; an estimate: 15 us dense, 20 us sparse

import { Murmur64 } from '../bytes/murmur.ts'

export const HEADER_BYTES = 16
export const REGISTERS = 1 << 14
const REGISTER_BITS = 6
const REGISTER_MAX = (1 << REGISTER_BITS) - 1
export const DENSE_BYTES = HEADER_BYTES + (REGISTERS * REGISTER_BITS) / 8
const INDEX_BITS = 14
/** A register's largest value when it comes from a hash: the bits that are not index, all zero, and one. */
export const RUN_MAX = 64 - INDEX_BITS + 1
const SEED = 0xadc83b19

const ENCODING_AT = 4
const COUNT_AT = 8
const COUNT_FLAGS_AT = 15
const COUNT_IS_OLD = 0x80
const DENSE = 0
export const SPARSE = 1

const MAGIC = [0x48, 0x59, 0x4c, 0x4c]

// The opcodes of sparse registers.
const ZEROS_OR_LONG_ZEROS = 0xc0
const LONG_ZEROS = 0x40
const VALUES = 0x80

/** Whether u8[start, end) begins as a HyperLogLog does; a sparse one may still be corrupt. */
export function isHyperLogLog(u8: Uint8Array, start: number, end: number): boolean {
  if (end - start < HEADER_BYTES) return false
  for (let i = 0; i < MAGIC.length; i++) if (u8[start + i] !== MAGIC[i]) return false
  const encoding = u8[start + ENCODING_AT]
  return encoding === SPARSE || (encoding === DENSE && end - start === DENSE_BYTES)
}

export const isDense = (u8: Uint8Array, start: number): boolean => u8[start + ENCODING_AT] === DENSE

/** Whether the count kept in the header is that of the registers. */
export const hasCount = (u8: Uint8Array, start: number): boolean => (u8[start + COUNT_FLAGS_AT] & COUNT_IS_OLD) === 0

/** The count kept in the header. */
export function keptCount(u8: Uint8Array, start: number): bigint {
  let count = 0n
  for (let i = 7; i >= 0; i--) count = (count << 8n) | BigInt(u8[start + COUNT_AT + i])
  return count
}

export function keepCount(u8: Uint8Array, start: number, count: number): void {
  for (let i = 0; i < 8; i++) {
    u8[start + COUNT_AT + i] = count % 256
    count = Math.floor(count / 256)
  }
}

export function forgetCount(u8: Uint8Array, start: number): void {
  u8[start + COUNT_FLAGS_AT] |= COUNT_IS_OLD
}

const hash = new Murmur64()

/** Which register an element falls on and what it holds at least then: register | run << 14. */
export function placeOf(buf: Uint8Array, start: number, end: number): number {
  hash.hash(buf, start, end, SEED)
  const register = hash.low & (REGISTERS - 1)
  const low = hash.low >>> INDEX_BITS
  const zeros = low !== 0 ? trailingZeros(low) : 32 - INDEX_BITS + (hash.high !== 0 ? trailingZeros(hash.high) : 32)
  return register | ((zeros + 1) << INDEX_BITS)
}

export const registerOf = (place: number): number => place & (REGISTERS - 1)
export const runOf = (place: number): number => place >> INDEX_BITS

const trailingZeros = (n: number): number => 31 - Math.clz32(n & -n)

// ---- dense ----------------------------------------------------------------------------------------------------------

/** Register `i` of the dense value at `start`. */
export function denseRegister(u8: Uint8Array, start: number, i: number): number {
  const at = start + HEADER_BYTES + ((i * REGISTER_BITS) >> 3)
  const shift = (i * REGISTER_BITS) & 7
  return ((u8[at] >> shift) | (u8[at + 1] << (8 - shift))) & REGISTER_MAX
}

/** Raises register `i` of the dense value at `start` to `run`; false when it is as high already. */
export function raiseDense(u8: Uint8Array, start: number, i: number, run: number): boolean {
  if (denseRegister(u8, start, i) >= run) return false
  const at = start + HEADER_BYTES + ((i * REGISTER_BITS) >> 3)
  const shift = (i * REGISTER_BITS) & 7
  u8[at] = (u8[at] & ~(REGISTER_MAX << shift)) | (run << shift)
  // The last register ends with its byte: what follows it is not ours.
  if (shift > 8 - REGISTER_BITS) u8[at + 1] = (u8[at + 1] & ~(REGISTER_MAX >> (8 - shift))) | (run >> (8 - shift))
  return true
}

// ---- sparse ---------------------------------------------------------------------------------------------------------

const opcodeBytes = (op: number): number => ((op & ZEROS_OR_LONG_ZEROS) === LONG_ZEROS ? 2 : 1)

/** Registers that the opcode at `at` covers. What lies beyond `end` reads as 0, as behind a string of Redis. */
export function opcodeRegisters(u8: Uint8Array, at: number, end: number): number {
  const op = u8[at]
  if ((op & VALUES) !== 0) return (op & 3) + 1
  if ((op & LONG_ZEROS) === 0) return (op & 63) + 1
  return (((op & 63) << 8) | (at + 1 < end ? u8[at + 1] : 0)) + 1
}

/** What the opcode at `at` says of its registers. */
export function opcodeRun(op: number): number {
  return (op & VALUES) === 0 ? 0 : ((op >> 2) & 31) + 1
}

export const nextOpcode = (u8: Uint8Array, at: number): number => at + opcodeBytes(u8[at])

/** For people, as PFDEBUG DECODE shows it: `z:64 Z:1000 v:2,1`. */
export function decodeSparse(u8: Uint8Array, start: number, end: number): string {
  const words: string[] = []
  for (let at = start + HEADER_BYTES; at < end; at = nextOpcode(u8, at)) {
    const op = u8[at]
    const length = opcodeRegisters(u8, at, end)
    if ((op & VALUES) !== 0) words.push(`v:${opcodeRun(op)},${length}`)
    else words.push(`${opcodeBytes(op) === 2 ? 'Z' : 'z'}:${length}`)
  }
  return words.join(' ')
}

// ---- all registers --------------------------------------------------------------------------------------------------

/** Raises each of `registers` (REGISTERS bytes) to that of the value u8[start, end). False: the value is corrupt. */
export function mergeInto(registers: Uint8Array, u8: Uint8Array, start: number, end: number): boolean {
  if (isDense(u8, start)) {
    // Four registers in three bytes.
    for (let i = 0, at = start + HEADER_BYTES; i < REGISTERS; i += 4, at += 3) {
      const four = u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16)
      if ((four & 63) > registers[i]) registers[i] = four & 63
      if (((four >> 6) & 63) > registers[i + 1]) registers[i + 1] = (four >> 6) & 63
      if (((four >> 12) & 63) > registers[i + 2]) registers[i + 2] = (four >> 12) & 63
      if (four >> 18 > registers[i + 3]) registers[i + 3] = four >> 18
    }
    return true
  }
  let i = 0
  for (let at = start + HEADER_BYTES; at < end; at = nextOpcode(u8, at)) {
    const behind = i + opcodeRegisters(u8, at, end)
    if (behind > REGISTERS) return false
    const run = opcodeRun(u8[at])
    if (run === 0) i = behind
    for (; i < behind; i++) if (run > registers[i]) registers[i] = run
  }
  return i === REGISTERS
}

/** How many registers hold each run. */
export class Histogram {
  readonly counts = new Int32Array(REGISTER_MAX + 1)

  /** Counts REGISTERS bytes. */
  ofBytes(registers: Uint8Array): void {
    this.counts.fill(0)
    for (let i = 0; i < REGISTERS; i++) this.counts[registers[i]]++
  }

  /** Counts the registers of the value u8[start, end). False: the value is corrupt. */
  ofValue(u8: Uint8Array, start: number, end: number): boolean {
    const { counts } = this
    counts.fill(0)
    if (isDense(u8, start)) {
      // Four registers in three bytes.
      for (let at = start + HEADER_BYTES; at < end; at += 3) {
        const four = u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16)
        counts[four & 63]++
        counts[(four >> 6) & 63]++
        counts[(four >> 12) & 63]++
        counts[four >> 18]++
      }
      return true
    }
    let i = 0
    for (let at = start + HEADER_BYTES; at < end; at = nextOpcode(u8, at)) {
      const length = opcodeRegisters(u8, at, end)
      i += length
      if (i > REGISTERS) return false
      counts[opcodeRun(u8[at])] += length
    }
    return i === REGISTERS
  }

  /**
   * The estimate of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284: a whole
   * number up to 2^63.
   */
  estimate(): number {
    const { counts } = this
    let z = REGISTERS * tau((REGISTERS - counts[RUN_MAX]) / REGISTERS)
    for (let run = RUN_MAX - 1; run >= 1; run--) z = (z + counts[run]) * 0.5
    z += REGISTERS * sigma(counts[0] / REGISTERS)
    return Math.min(COUNT_LIMIT, Math.round((ALPHA_INFINITE * REGISTERS * REGISTERS) / z))
  }
}

/** Registers that no element can have made say that there are more elements than 63 bits can count. */
const COUNT_LIMIT = 2 ** 63

const ALPHA_INFINITE = 0.5 / Math.LN2

function sigma(x: number): number {
  if (x === 1) return Infinity
  let before: number
  let y = 1
  let z = x
  do {
    x *= x
    before = z
    z += x * y
    y += y
  } while (before !== z)
  return z
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0
  let before: number
  let y = 1
  let z = 1 - x
  do {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) * (1 - x) * y
  } while (before !== z)
  return z / 3
}
