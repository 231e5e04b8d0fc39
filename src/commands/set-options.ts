// The options that SET and GETEX share: NX XX GET, and at most one of EX PX EXAT PXAT KEEPTTL PERSIST. Parsed into fields
// of one reused object, so a SET with options makes none.

import { fromText } from '../bytes/ascii.ts'
import { SYNTAX } from '../resp/errors.ts'
import type { Args } from './args.ts'
import { positiveDeadline, type Unit } from './deadline.ts'

const NX = fromText('nx')
const XX = fromText('xx')
const GET = fromText('get')
const EX = fromText('ex')
const PX = fromText('px')
const EXAT = fromText('exat')
const PXAT = fromText('pxat')
const KEEPTTL = fromText('keepttl')
const PERSIST = fromText('persist')

export class SetOptions {
  nx = false
  xx = false
  get = false
  keepTtl = false
  persist = false
  /** Word with the time, 0 when there is none. */
  private timeAt = 0
  private unit: Unit = 'seconds'
  private absolute = false

  private clear(): void {
    this.nx = false
    this.xx = false
    this.get = false
    this.keepTtl = false
    this.persist = false
    this.timeAt = 0
  }

  get timed(): boolean {
    return this.timeAt !== 0
  }

  get isAbsolute(): boolean {
    return this.absolute
  }

  /** Reads SET's options from word 3 on. Throws SYNTAX. */
  parseSet(args: Args): void {
    this.clear()
    for (let i = 3; i < args.count; i++) {
      if (args.is(i, NX) && !this.xx) this.nx = true
      else if (args.is(i, XX) && !this.nx) this.xx = true
      else if (args.is(i, GET)) this.get = true
      else if (args.is(i, KEEPTTL) && !this.timed) this.keepTtl = true
      else i = this.time(args, i)
    }
  }

  /** Reads GETEX's options from word 2 on. Throws SYNTAX. */
  parseGetEx(args: Args): void {
    this.clear()
    for (let i = 2; i < args.count; i++) {
      if (args.is(i, PERSIST) && !this.timed) this.persist = true
      else i = this.time(args, i)
    }
  }

  private time(args: Args, i: number): number {
    const unit: Unit | undefined =
      args.is(i, EX) || args.is(i, EXAT) ? 'seconds' : args.is(i, PX) || args.is(i, PXAT) ? 'milliseconds' : undefined
    if (unit === undefined || i + 1 >= args.count || this.keepTtl || this.persist) throw SYNTAX
    const absolute = args.length(i) === 4
    // The same option may be repeated, the last one counts; another one may not.
    if (this.timed && (this.unit !== unit || this.absolute !== absolute)) throw SYNTAX
    this.timeAt = i + 1
    this.unit = unit
    this.absolute = absolute
    return i + 1
  }

  /** The deadline in ms that was asked for; 0 when none was. Throws the error of an invalid time. */
  deadline(args: Args, nowMs: number, name: string): number {
    return this.timeAt === 0 ? 0 : positiveDeadline(args, this.timeAt, this.unit, this.absolute ? 0 : nowMs, name)
  }
}
