// The manifest: which files make up the append-only file, in which order they are read. One line a file, as Redis 7 has it:
//
//   file appendonly.aof.2.base.aof seq 2 type b      the base: everything at one moment
//   file appendonly.aof.5.incr.aof seq 5 type i      what happened since, one file after the other
//   file appendonly.aof.1.base.aof seq 1 type h      history: replaced, to be removed
//
// A manifest is a value: changes make another one, which counts when its file has been renamed into place.

import * as fs from 'node:fs'
import { join } from 'node:path'
import { toText } from '../../bytes/ascii.ts'
import { quoteText, splitArguments } from '../../bytes/quote.ts'
import { AtomicFile } from '../atomic-file.ts'

export const MANIFEST_SUFFIX = '.manifest'
/** Redis's MANIFEST_MAX_LINE. */
const MAX_LINE_BYTES = 1024
const PLAIN_NAME = /^[!-~]+$/
const NEEDS_QUOTES = /["'\\]/

type FileType = 'b' | 'h' | 'i'
/** Of a base: commands, or an RDB file. */
export const BASE_FORMATS = ['aof', 'rdb'] as const
export type BaseFormat = (typeof BASE_FORMATS)[number]

export interface AofPart {
  readonly name: string
  readonly seq: number
  readonly type: FileType
}

/** The manifest says something that it cannot mean. */
export class ManifestDamaged extends Error {
  constructor(path: string, line: number, reason: string) {
    super(`${path}: ${reason}, at line ${line}`)
  }
}

export class Manifest {
  readonly base: AofPart | undefined
  readonly incrs: readonly AofPart[]
  readonly history: readonly AofPart[]
  /** Numbers are not used again, also when the files that had them are gone. */
  private readonly lastBase: number
  private readonly lastIncr: number

  constructor(parts: readonly AofPart[], lastBase = 0, lastIncr = 0) {
    this.base = parts.find(part => part.type === 'b')
    this.incrs = parts.filter(part => part.type === 'i')
    this.history = parts.filter(part => part.type === 'h')
    this.lastBase = Math.max(lastBase, this.base?.seq ?? 0)
    this.lastIncr = Math.max(lastIncr, this.incrs.at(-1)?.seq ?? 0)
  }

  /** All files that hold data, in the order in which they are read. */
  get data(): readonly AofPart[] {
    return this.base === undefined ? this.incrs : [this.base, ...this.incrs]
  }

  private with(parts: readonly AofPart[]): Manifest {
    return new Manifest(parts, this.lastBase, this.lastIncr)
  }

  private get all(): readonly AofPart[] {
    return [...(this.base === undefined ? [] : [this.base]), ...this.history, ...this.incrs]
  }

  /** With one more file for what happens from now on. */
  withIncr(filename: string): Manifest {
    const seq = this.lastIncr + 1
    return this.with([...this.all, { name: `${filename}.${seq}.incr.aof`, seq, type: 'i' }])
  }

  /** With a new base, which replaces the one before and the first `replaced` incremental files. */
  withBase(filename: string, format: BaseFormat, replaced: number): Manifest {
    const seq = this.lastBase + 1
    const base: AofPart = { name: `${filename}.${seq}.base.${format}`, seq, type: 'b' }
    const old = [...this.incrs.slice(0, replaced), ...(this.base === undefined ? [] : [this.base])]
    const history = old.map(({ name, seq }): AofPart => ({ name, seq, type: 'h' }))
    return this.with([base, ...history, ...this.history, ...this.incrs.slice(replaced)])
  }

  /** With a file of the time before manifests as the base. */
  withOldFile(name: string): Manifest {
    return this.with([...this.all, { name, seq: 1, type: 'b' }])
  }

  withoutHistory(): Manifest {
    return this.with(this.all.filter(part => part.type !== 'h'))
  }

  private get text(): string {
    return this.all.map(({ name, seq, type }) => `file ${shown(name)} seq ${seq} type ${type}\n`).join('')
  }

  /** Puts it to disk, in place of the one that is there. Throws what the file system says. */
  save(path: string): void {
    const file = new AtomicFile(path)
    try {
      file.writeSync(Buffer.from(this.text, 'latin1'), 0)
      file.commitSync()
    } catch (error) {
      file.abandon()
      throw error
    }
  }
}

function shown(name: string): string {
  if (PLAIN_NAME.test(name) && !NEEDS_QUOTES.test(name)) return name
  const bytes = Buffer.from(name, 'latin1')
  return quoteText(bytes, 0, bytes.length)
}

/** The manifest in a file; an empty one when there is none. Throws ManifestDamaged or what the file system says. */
export function loadManifest(directory: string, name: string): Manifest {
  const path = join(directory, name)
  if (!fs.existsSync(path)) return new Manifest([])
  const lines = fs.readFileSync(path, 'latin1').split('\n')
  const rest = lines.pop()
  if (rest !== '') throw new ManifestDamaged(path, lines.length + 1, 'The AOF manifest file contains too long line')
  if (lines.length === 0) throw new ManifestDamaged(path, 1, 'Found an empty AOF manifest')
  const parts: AofPart[] = []
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('#')) continue
    const fail = (reason: string): never => {
      throw new ManifestDamaged(path, index + 1, reason)
    }
    if (line.length >= MAX_LINE_BYTES) fail('The AOF manifest file contains too long line')
    const part = partOf(line, fail)
    if (part.type === 'b' && parts.some(({ type }) => type === 'b')) fail('Found duplicate base file information')
    const last = parts.findLast(({ type }) => type === 'i')
    if (part.type === 'i' && part.seq <= (last?.seq ?? 0)) fail('Found a non-monotonic sequence number')
    parts.push(part)
  }
  return new Manifest(parts)
}

function partOf(line: string, fail: (reason: string) => never): AofPart {
  const format = 'Invalid AOF manifest file format'
  const bytes = Buffer.from(line.trim(), 'latin1')
  const words = splitArguments(bytes, 0, bytes.length)?.map(word => toText(word, 0, word.length))
  // More pairs than ours may follow: Redis allows for them.
  if (words === undefined || words.length < 6 || words.length % 2 !== 0) return fail(format)
  const fields = new Map<string, string>()
  for (let i = 0; i < words.length; i += 2) fields.set((words[i] as string).toLowerCase(), words[i + 1] as string)
  const name = fields.get('file') ?? ''
  const seq = Number.parseInt(fields.get('seq') ?? '', 10)
  const type = (fields.get('type') ?? '').slice(0, 1)
  if (/[/\\]/.test(name)) return fail("File can't be a path, just a filename")
  if (name === '' || !(seq > 0) || type === '') return fail(format)
  if (type !== 'b' && type !== 'h' && type !== 'i') return fail('Unknown AOF file type')
  return { name, seq, type }
}
