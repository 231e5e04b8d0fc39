// All commands, looked up by the bytes of their names. Each row, subcommands included, gets a small number for counters
// and everything that follows from it: arity, flag bits, ACL categories.

import { fromText, lower } from '../bytes/ascii.ts'
import type { Args } from './args.ts'
import type { Command, Context, Flag, KeySpec } from './command.ts'
import { arityOf } from './syntax.ts'

export const FLAG_WRITE = 1
export const FLAG_READONLY = 2
export const FLAG_DENYOOM = 4
export const FLAG_NO_AUTH = 8
export const FLAG_PROTECTED = 16
export const FLAG_ADMIN = 32
export const FLAG_NO_MULTI = 64
/** For RESP2 clients that are subscribed, too. */
export const FLAG_WHILE_SUBSCRIBED = 256
/** Runs at once between MULTI and EXEC. */
export const FLAG_UNQUEUED = 128
/** Waits for the end of CLIENT PAUSE WRITE: changes data, or would be passed on to replicas. */
export const FLAG_WAITS_FOR_WRITE = 512
/** Waits for the end of CLIENT PAUSE ALL, as all commands do. */
export const FLAG_WAITS_FOR_ALL = 1024
/** Needs no keys: runs while they are being loaded. */
export const FLAG_LOADING = 2048

const FLAG_BITS: Partial<Record<Flag, number>> = {
  denyoom: FLAG_DENYOOM,
  no_auth: FLAG_NO_AUTH,
  protected: FLAG_PROTECTED,
  admin: FLAG_ADMIN,
  no_multi: FLAG_NO_MULTI,
  loading: FLAG_LOADING,
}

/** Word of the first key of a spec, 0 when that is another one in each request. */
function firstKeyOf(spec: KeySpec | undefined): number {
  if (spec === undefined || spec.after !== undefined || spec.found !== undefined) return 0
  return spec.counted === true ? spec.at + 1 : spec.at
}

/** More than a request has. */
const MANY_WORDS = 0x7fffffff
/** What takes logarithmic time counts as constant: that is a few microseconds. */
const CONSTANT_TIME = /^O\((1|log\(N\))\)/

function briefWordsOf(row: Command): number {
  if (row.effect === 'server') return 0
  return CONSTANT_TIME.test(row.complexity) ? MANY_WORDS : (row.briefWords ?? 0)
}

/** A command as the dispatcher sees it. */
export class TableRow {
  readonly id: number
  readonly row: Command
  /** Lower case, without the container's name. */
  readonly name: string
  /** `get`, `client|list`. */
  readonly fullName: string
  /** FLAG_* bits. */
  readonly flags: number
  /** Word of the first key, 0 when there is none. */
  readonly firstKey: number
  /** Requests of more words are not of constant time: their duration is measured by itself. */
  readonly briefWords: number
  /** May change what the requests behind it run under: CONFIG SET, CLIENT NAMESPACE, RESET, AUTH … */
  readonly unsettles: boolean
  /** What happens; with an append-only file the journal stands around it. */
  run: (ctx: Context, args: Args) => void
  readonly parent: TableRow | undefined
  subcommands: readonly TableRow[] | undefined
  private knownArity = 0

  constructor(id: number, row: Command, parent: TableRow | undefined) {
    this.id = id
    this.row = row
    this.name = row.name
    this.fullName = parent === undefined ? row.name : `${parent.name}|${row.name}`
    this.flags =
      (row.effect === 'write' ? FLAG_WRITE : row.effect === 'read' ? FLAG_READONLY : 0) |
      (row.whileSubscribed === 'allowed' ? FLAG_WHILE_SUBSCRIBED : 0) |
      (row.inTransaction === 'runs' ? FLAG_UNQUEUED : 0) |
      (row.effect === 'write' || row.whilePaused === 'waits' ? FLAG_WAITS_FOR_WRITE : 0) |
      FLAG_WAITS_FOR_ALL |
      row.flags.reduce((bits, flag) => bits | (FLAG_BITS[flag] ?? 0), 0)
    this.firstKey = firstKeyOf(row.keys?.[0])
    this.briefWords = briefWordsOf(row)
    this.unsettles = row.effect !== 'read' && (parent !== undefined || row.flags.includes('no_auth'))
    this.run = row.run as (ctx: Context, args: Args) => void
    this.parent = parent
  }

  /** COMMAND's arity. Worked out when somebody asks first: reading the notation of all rows took 3 ms of every start. */
  get arity(): number {
    if (this.knownArity === 0) {
      const words = this.parent === undefined ? 1 : 2
      this.knownArity = this.row.arity ?? (this.subcommands === undefined ? arityOf(this.row.syntax, words) : -2)
    }
    return this.knownArity
  }

  get keys(): readonly KeySpec[] {
    return this.row.keys ?? []
  }
}

const SLOTS = 2048
/** A name that no request spells: look-ups compare small letters. */
const UNREACHABLE = Uint8Array.of(0x41)
const NO_ALIASES: readonly string[] = []
/** Turns an ASCII capital into its small letter. */
const CASE_BIT = 32

function hashName(buf: Uint8Array, start: number, end: number): number {
  let h = end - start
  for (let i = start; i < end; i++) h = Math.imul(h ^ (buf[i] | 32), 0x01000193)
  return (h ^ (h >>> 15)) & (SLOTS - 1)
}

/** Whether buf[start, end) is the name, given in small letters, in any case. */
function isNamed(name: string, buf: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false
  let k = 0
  while (k < name.length && lower(buf[start + k]) === name.charCodeAt(k)) k++
  return k === name.length
}

export class CommandTable {
  /** Every row by its number, subcommands included. */
  readonly rows: readonly TableRow[]
  /** The commands themselves, in the order of their families. */
  readonly commands: readonly TableRow[]
  private readonly slots = new Int16Array(SLOTS).fill(-1)
  private readonly names: Uint8Array[] = []
  private readonly targets: TableRow[] = []
  /** 1 for names of letters only: setting the case bit of any byte then tells whether it is the same letter. */
  private readonly plain: number[] = []
  private last = 0

  constructor(families: readonly (readonly Command[])[]) {
    const rows: TableRow[] = []
    const commands: TableRow[] = []
    const add = (row: Command, parent: TableRow | undefined): TableRow => {
      const made = new TableRow(rows.length, row, parent)
      rows.push(made)
      return made
    }
    for (const row of families.flat()) {
      const made = add(row, undefined)
      commands.push(made)
      made.subcommands = row.subcommands?.map(sub => add(sub, made))
      this.index(row.name, made)
      for (const alias of row.aliases ?? NO_ALIASES) this.index(alias, made)
    }
    this.rows = rows
    this.commands = commands
  }

  private index(name: string, row: TableRow): void {
    const bytes = fromText(name)
    let h = hashName(bytes, 0, bytes.length)
    while (this.slots[h] >= 0) h = (h + 1) & (SLOTS - 1)
    this.slots[h] = this.names.length
    this.names.push(bytes)
    this.plain.push(/^[a-z]+$/.test(name) ? 1 : 0)
    this.targets.push(row)
  }

  /**
   * The command of this name goes by `to` instead, or by no name when that is empty; its other names are gone. Both names
   * in any case; `from` is there, `to` is not.
   */
  rename(from: string, to: string): void {
    const row = this.byName(from)
    if (row === undefined) return
    for (const [i, target] of this.targets.entries()) {
      if (target !== row) continue
      this.names[i] = UNREACHABLE
      this.plain[i] = 0
    }
    if (to !== '') this.index(to.toLowerCase(), row)
  }

  /** The command of this name in any case. Programs repeat themselves, so the last answer is tried first. */
  lookup(buf: Uint8Array, start: number, end: number): TableRow | undefined {
    const length = end - start
    const last = this.names[this.last] as Uint8Array
    if (last.length === length) {
      let k = 0
      while (k < length && (buf[start + k] | CASE_BIT) === last[k]) k++
      if (k === length && this.plain[this.last] === 1) return this.targets[this.last]
    }
    return this.search(buf, start, end)
  }

  private search(buf: Uint8Array, start: number, end: number): TableRow | undefined {
    const length = end - start
    let h = hashName(buf, start, end)
    for (;;) {
      const i = this.slots[h]
      if (i < 0) return undefined
      const name = this.names[i] as Uint8Array
      if (name.length === length) {
        let k = 0
        while (k < length && lower(buf[start + k]) === name[k]) k++
        if (k === length) {
          this.last = i
          return this.targets[i]
        }
      }
      h = (h + 1) & (SLOTS - 1)
    }
  }

  /** The subcommand of this name in any case. */
  sub(row: TableRow, buf: Uint8Array, start: number, end: number): TableRow | undefined {
    const { subcommands } = row
    if (subcommands === undefined) return undefined
    for (let i = 0; i < subcommands.length; i++) {
      const sub = subcommands[i] as TableRow
      if (isNamed(sub.name, buf, start, end)) return sub
    }
    return undefined
  }

  /** By full name: `get`, `client|list`. */
  byName(fullName: string): TableRow | undefined {
    const [name = '', sub, deeper] = fullName.toLowerCase().split('|')
    if (deeper !== undefined) return undefined
    const bytes = Buffer.from(name, 'latin1')
    const row = this.lookup(bytes, 0, bytes.length)
    return sub === undefined ? row : row?.subcommands?.find(s => s.name === sub)
  }
}
