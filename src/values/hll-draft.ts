// A HyperLogLog while it changes: a copy outside the arena in which sparse registers are rewritten and made dense. Redis's
// steps to the letter (hllSparseSet of hyperloglog.c), because which runs are split and which are joined shows in the bytes.

import { copy } from '../bytes/ascii.ts'
import {
  DENSE_BYTES,
  forgetCount,
  HEADER_BYTES,
  isDense,
  nextOpcode,
  opcodeRegisters,
  opcodeRun,
  REGISTERS,
  raiseDense,
  SPARSE,
} from './hyperloglog.ts'

/** What raising a register has come to. */
export const SAME = 0
export const RAISED = 1
export const CORRUPT = -1

/** Longest runs, and the highest one, that sparse opcodes can say. */
const RUN_LIMIT = 32
const VALUES_LENGTH_LIMIT = 4
const SHORT_ZEROS_LIMIT = 64
/** Opcodes that are looked at for runs to join. */
const JOIN_STEPS = 5
/** An opcode of 2 bytes becomes one of 5 at most. */
const GROWTH_BYTES = 3
/** A longer draft is given up with the next one: only a corrupt value is so long. */
const KEPT_BYTES = 65536

const EMPTY = Uint8Array.of(0x48, 0x59, 0x4c, 0x4c, SPARSE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0xff)

const isValues = (op: number): boolean => (op & 0x80) !== 0
const values = (run: number, length: number): number => 0x80 | ((run - 1) << 2) | (length - 1)

export class Draft {
  bytes: Uint8Array = new Uint8Array(DENSE_BYTES + GROWTH_BYTES + 1)
  length = 0
  /** Where registers above `reached` may be looked for: an opcode with two more before that of `reached`, and its first register. */
  private resumeAt = 0
  private resumeFirst = 0
  private reached = -1
  /** The opcodes that take the place of one. */
  private readonly parts = new Uint8Array(5)
  private partBytes = 0

  /** A new value: all registers 0. */
  begin(): void {
    this.load(EMPTY, 0, EMPTY.length)
  }

  /** A copy of the value u8[start, end). */
  load(u8: Uint8Array, start: number, end: number): void {
    this.length = end - start
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(DENSE_BYTES + GROWTH_BYTES + 1)
    this.makeRoom()
    copy(this.bytes, 0, u8, start, end)
    this.bytes[this.length] = 0
    this.fromStart()
  }

  get isDense(): boolean {
    return isDense(this.bytes, 0)
  }

  forgetCount(): void {
    forgetCount(this.bytes, 0)
  }

  /**
   * Raises a register to `run`. Returns SAME when it is as high already, CORRUPT when the opcodes do not cover it or are
   * corrupt otherwise, else RAISED. A value that would grow beyond `sparseLimitBytes` becomes dense.
   */
  raise(register: number, run: number, sparseLimitBytes: number): number {
    if (this.isDense) return raiseDense(this.bytes, 0, register, run) ? RAISED : SAME
    if (run > RUN_LIMIT) return this.raiseAsDense(register, run)
    return this.raiseSparse(register, run, sparseLimitBytes)
  }

  /** Makes the registers dense. False: the value is corrupt. */
  toDense(): boolean {
    if (this.isDense) return true
    const sparse = this.bytes
    const end = this.length
    const dense = new Uint8Array(DENSE_BYTES + GROWTH_BYTES + 1)
    copy(dense, 0, sparse, 0, HEADER_BYTES)
    dense[4] = 0
    let i = 0
    for (let at = HEADER_BYTES; at < end; at = nextOpcode(sparse, at)) {
      const behind = i + opcodeRegisters(sparse, at, end)
      if (behind > REGISTERS) return false
      const run = opcodeRun(sparse[at])
      for (; i < behind; i++) if (run > 0) raiseDense(dense, 0, i, run)
    }
    if (i !== REGISTERS) return false
    this.bytes = dense
    this.length = DENSE_BYTES
    return true
  }

  private raiseAsDense(register: number, run: number): number {
    if (!this.toDense()) return CORRUPT
    raiseDense(this.bytes, 0, register, run)
    return RAISED
  }

  private fromStart(): void {
    this.resumeAt = HEADER_BYTES
    this.resumeFirst = 0
    this.reached = -1
  }

  private raiseSparse(register: number, run: number, sparseLimitBytes: number): number {
    this.makeRoom()
    const { bytes } = this
    const end = this.length
    // Registers that come in order, as in PFMERGE, are not looked for from the first opcode each time.
    if (register <= this.reached) this.fromStart()
    let at = this.resumeAt
    let first = this.resumeFirst
    let length = 0
    let before = -1
    let beforeFirst = 0
    while (at < end) {
      length = opcodeRegisters(bytes, at, end)
      if (register < first + length) break
      if (before >= 0) {
        this.resumeAt = before
        this.resumeFirst = beforeFirst
      }
      before = at
      beforeFirst = first
      at = nextOpcode(bytes, at)
      first += length
    }
    if (at >= end) return CORRUPT
    this.reached = register
    const op = bytes[at]
    const old = opcodeRun(op)
    if (old >= run) return SAME
    if (length === 1 && nextOpcode(bytes, at) === at + 1) bytes[at] = values(run, 1)
    else {
      this.split(old, register - first, run, first + length - 1 - register)
      const growth = this.partBytes - (nextOpcode(bytes, at) - at)
      if (growth > 0 && end + growth > sparseLimitBytes) return this.raiseAsDense(register, run)
      this.replace(at)
    }
    this.join(before >= 0 ? before : HEADER_BYTES)
    this.forgetCount()
    return RAISED
  }

  /** Puts the opcodes for `left` registers of `old`, one of `run` and `right` of `old` into `parts`. */
  private split(old: number, left: number, run: number, right: number): void {
    this.partBytes = 0
    this.addPart(old, left)
    this.addPart(run, 1)
    this.addPart(old, right)
  }

  private addPart(run: number, length: number): void {
    if (length === 0) return
    const { parts } = this
    if (run > 0) parts[this.partBytes++] = values(run, length)
    else {
      if (length > SHORT_ZEROS_LIMIT) parts[this.partBytes++] = 0x40 | ((length - 1) >> 8)
      parts[this.partBytes++] = length - 1
    }
  }

  /** The opcode at `at` is replaced by `parts`. */
  private replace(at: number): void {
    const { bytes, partBytes } = this
    const behind = nextOpcode(bytes, at)
    if (behind < this.length) bytes.copyWithin(at + partBytes, behind, this.length)
    this.setLength(this.length + at + partBytes - behind)
    copy(bytes, at, this.parts, 0, partBytes)
  }

  /** Joins neighbours of equal runs from the opcode at `at` on. */
  private join(at: number): void {
    const { bytes } = this
    for (let steps = JOIN_STEPS; at < this.length && steps > 0; steps--) {
      const op = bytes[at]
      if (!isValues(op)) {
        at = nextOpcode(bytes, at)
        continue
      }
      const next = at + 1 < this.length ? bytes[at + 1] : 0
      const length = (op & 3) + (next & 3) + 2
      if (isValues(next) && opcodeRun(op) === opcodeRun(next) && length <= VALUES_LENGTH_LIMIT) {
        bytes.copyWithin(at, at + 1, this.length)
        bytes[at] = values(opcodeRun(op), length)
        this.setLength(this.length - 1)
      } else at++
    }
  }

  private setLength(length: number): void {
    this.length = length
    // Redis's strings have a zero behind their end, and an opcode cut in two reads it.
    this.bytes[length] = 0
  }

  private makeRoom(): void {
    const needed = this.length + GROWTH_BYTES + 1
    if (needed <= this.bytes.length) return
    const larger = new Uint8Array(needed * 2)
    larger.set(this.bytes)
    this.bytes = larger
  }
}
