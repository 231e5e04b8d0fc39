// Keys as JSON, a line a key, for people and for programs that know nothing of Redis:
//
//   {"db":0,"key":"ns/a","type":"string","value":"x","expireAtMs":1700000000000}
//   {"db":0,"key":"l","type":"list","value":["a","b"]}                               so sets, too
//   {"db":0,"key":"z","type":"zset","value":[["member","1.5"]]}                      scores as text: they may be inf
//   {"db":0,"key":"h","type":"hash","value":[["field","value"],["timed","value","1700000000000"]]}
//   {"db":0,"key":"l","type":"list","value":["c"],"append":true}                     goes on with the key of the line before
//
// A text that is not UTF-8 is {"base64":"..."} instead. A collection of more than ELEMENTS_PER_LINE is spread over lines.

import * as fs from 'node:fs'
import { CommandError } from '../resp/errors.ts'
import { buildValue, dropBuilt, openAt, replaceValue, settleValue } from '../store/collections.ts'
import { deadlineMs, entryEncoding, entryType, isTimed, stringLength, stringStart } from '../store/entry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Place } from '../store/place.ts'
import type { Shard } from '../store/shard.ts'
import { setString } from '../store/strings.ts'
import { KeyBatch, KeyName, KeyWalk } from '../store/walk.ts'
import { encodingOf } from '../values/string.ts'
import { TYPE_NAMES } from '../values/types.ts'
import { RestoredElement, type Value } from '../values/value.ts'
import { VIEWS } from '../values/views.ts'
import { AtomicFile } from './atomic-file.ts'
import { type Load, LoadingState, within } from './loading.ts'

const ELEMENTS_PER_LINE = 1000
const STEP_KEYS = 1024
const PIECE_BYTES = 1 << 20
/** JSON is slow to read: about a millisecond's worth. */
const READ_BYTES = 64 << 10
/** A value of 512 MiB, every byte of it in four thirds, and what stands around it. */
const MOST_LINE_BYTES = 720 << 20
const LF = 10

/** A line is none of ours. */
export class JsonLineWrong extends Error {
  override readonly name = 'JsonLineWrong'
}

function wrong(reason: string): never {
  throw new JsonLineWrong(reason)
}

// ---- writing -------------------------------------------------------------------------------------------------------

type Text = string | { readonly base64: string }

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(buf: Uint8Array, start: number, end: number): Text {
  try {
    return decoder.decode(buf.subarray(start, end))
  } catch {
    return { base64: Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString('base64') }
  }
}

/** Writes all keys to the file at `path`, whole or not at all; returns how many. Throws what the file system says. */
export function saveJson(keys: Keyspace, path: string): number {
  const file = new AtomicFile(path)
  let at = 0
  let lines = ''
  const flush = (): void => {
    const bytes = Buffer.from(lines)
    file.writeSync(bytes, at)
    at += bytes.length
    lines = ''
  }
  try {
    const written = writeKeys(keys, line => {
      lines += `${JSON.stringify(line)}\n`
      if (lines.length > PIECE_BYTES) flush()
    })
    flush()
    file.commitSync()
    return written
  } catch (error) {
    file.abandon()
    throw error
  }
}

function writeKeys(keys: Keyspace, write: (line: object) => void): number {
  const walk = new KeyWalk(keys)
  const batch = new KeyBatch()
  const name = new KeyName()
  let written = 0
  for (let db = 0; db < keys.databases; db++) {
    let cursor = 0
    do {
      batch.clear()
      cursor = walk.step(db, cursor, STEP_KEYS, batch)
      for (let i = 0; i < batch.length; i++) {
        const shard = keys.shards[batch.shards[i]] as Shard
        const e = batch.entries[i] as number
        name.set(shard, batch.namespaces[i] as number, e)
        writeKey(keys, shard, e, { db, key: textOf(name.buf, name.start, name.end) }, write)
        written++
      }
    } while (cursor !== 0)
  }
  return written
}

function writeKey(keys: Keyspace, { arena }: Shard, e: number, head: object, write: (line: object) => void): void {
  const view = VIEWS[entryType(arena, e)]
  const type = TYPE_NAMES[entryType(arena, e)]
  const expiry = isTimed(arena, e) ? { expireAtMs: deadlineMs(arena, e) } : {}
  if (view === undefined) {
    const start = stringStart(arena, e)
    write({ ...head, type, value: textOf(arena.u8, start, start + stringLength(arena, e)), ...expiry })
    return
  }
  view.aim(keys, arena, arena.i32[e >> 2], entryEncoding(arena, e))
  let value: (Text | Text[])[] = []
  let element: Text[] = []
  let rest: object = expiry
  view.visit((buf, start, end) => {
    element.push(textOf(buf, start, end))
    if (element.length < view.width) return
    // The deadline that a field does not have.
    if (view.width === 3 && element[2] === '') element.pop()
    value.push(view.width === 1 ? (element[0] as Text) : element)
    element = []
    if (value.length < ELEMENTS_PER_LINE) return
    write({ ...head, type, value, ...rest })
    value = []
    rest = { append: true }
  })
  if (value.length > 0) write({ ...head, type, value, ...rest })
}

// ---- reading -------------------------------------------------------------------------------------------------------

/**
 * Loads the file at `path` into `keys`, on top of what is there; returns the number of keys. Throws JsonLineWrong with the
 * path and the line, or what the file system says; the keys of the lines before are there then.
 */
export function* loadJson(keys: Keyspace, path: string): Load<number> {
  const reader = new JsonReader(keys)
  try {
    yield* within(
      new LoadingState(keys),
      eachLine(path, line => reader.take(line)),
    )
    return reader.keysRead
  } catch (error) {
    const where = `${path}, line ${reader.lines}`
    if (error instanceof JsonLineWrong) throw new JsonLineWrong(`${where}: ${error.message}`)
    if (error instanceof CommandError) throw new JsonLineWrong(`${where}: the data are more than the memory set aside`)
    throw error
  }
}

function* eachLine(path: string, take: (line: Buffer) => void): Load<void> {
  const fd = fs.openSync(path, 'r')
  try {
    const { size } = fs.fstatSync(fd)
    let buffer = Buffer.alloc(READ_BYTES)
    let end = 0
    for (let position = 0; ; ) {
      const got = fs.readSync(fd, buffer, end, buffer.length - end, position)
      position += got
      const searched = end
      end += got
      let start = 0
      for (let at = buffer.indexOf(LF, searched); at >= 0 && at < end; at = buffer.indexOf(LF, start)) {
        take(buffer.subarray(start, at))
        start = at + 1
      }
      if (got === 0) {
        if (end > start) take(buffer.subarray(start, end))
        return
      }
      buffer.copyWithin(0, start, end)
      end -= start
      if (end === buffer.length) {
        if (end > MOST_LINE_BYTES) wrong('the line that follows is longer than any can be')
        buffer = Buffer.concat([buffer], 2 * end)
      }
      yield { loadedBytes: position, totalBytes: size }
    }
  } finally {
    fs.closeSync(fd)
  }
}

class JsonReader {
  lines = 0
  keysRead = 0
  private readonly keys: Keyspace
  private readonly place: Place
  private readonly element = new RestoredElement()
  private previous = ''

  constructor(keys: Keyspace) {
    this.keys = keys
    this.place = new Place(keys.at.shard)
  }

  take(bytes: Buffer): void {
    this.lines++
    if (bytes.length === 0 || (bytes.length === 1 && bytes[0] === 13)) return
    const { keys, place } = this
    const { db, key, type, value, expireAtMs, append } = parsed(bytes)
    const deadline = expireAtMs ?? 0
    if (!isWhole(db ?? 0) || (db ?? 0) >= keys.databases) wrong('there is no such database')
    if (!isWhole(deadline)) wrong('expireAtMs is not a time')
    const name = bytesOf(key)
    keys.locateShown(place, db ?? 0, name, 0, name.length)
    const identity = `${db} ${name.toString('latin1')}`
    if (append === true) {
      if (identity !== this.previous || place.entry === 0)
        wrong('append goes on with another key than that of the line before')
      this.append(String(type), value)
      return
    }
    this.previous = identity
    if (deadline !== 0 && deadline < keys.nowMs) return
    if (type === 'string') {
      const text = bytesOf(value)
      setString(keys, place, text, 0, text.length, encodingOf(text, 0, text.length), deadline)
    } else this.collection(viewOf(String(type)), value, deadline)
    this.keysRead++
  }

  private collection(v: Value, value: unknown, deadline: number): void {
    buildValue(this.keys, this.place, v)
    try {
      this.fill(v, value)
    } catch (error) {
      dropBuilt(v)
      throw error
    }
    replaceValue(this.keys, this.place, v, deadline)
  }

  private append(type: string, value: unknown): void {
    const { keys, place } = this
    const v = viewOf(type)
    if (entryType(place.shard.arena, place.entry) !== v.type) wrong('append with another type')
    openAt(keys, place, v)
    try {
      this.fill(v, value)
    } finally {
      settleValue(keys, place, v)
    }
  }

  private fill(v: Value, value: unknown): void {
    if (!Array.isArray(value) || value.length === 0) wrong('the value of a collection is an array, and not empty')
    const { element } = this
    for (const one of value as unknown[]) {
      const parts = v.width === 1 ? [one] : one
      if (!Array.isArray(parts)) wrong('an element is not an array')
      const texts = (parts as unknown[]).map(bytesOf)
      if (v.width === 3 && texts.length === 2) texts.push(Buffer.alloc(0))
      if (texts.length !== v.width) wrong('an element has not the parts it should have')
      element.buf = Buffer.concat(texts)
      let at = 0
      for (const [i, text] of texts.entries()) {
        element.starts[i] = at
        at += text.length
        element.ends[i] = at
      }
      if (!v.restore(element)) wrong('an element is there twice, or its number is none')
    }
  }
}

interface Line {
  readonly db?: number
  readonly key?: unknown
  readonly type?: unknown
  readonly value?: unknown
  readonly expireAtMs?: number
  readonly append?: unknown
}

function parsed(bytes: Buffer): Line {
  let line: unknown
  try {
    line = JSON.parse(bytes.toString('utf8'))
  } catch {
    return wrong('this is no JSON')
  }
  return typeof line === 'object' && line !== null ? line : wrong('this is no object')
}

const isWhole = (n: unknown): n is number => Number.isSafeInteger(n) && Number(n) >= 0

/** Numbers may stand for their texts: whoever writes such files by hand writes scores so. */
function bytesOf(text: unknown): Buffer {
  if (typeof text === 'string') return Buffer.from(text)
  if (typeof text === 'number') return Buffer.from(String(text))
  const base64: unknown = typeof text === 'object' && text !== null ? Reflect.get(text, 'base64') : undefined
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : wrong('a text is missing')
}

function viewOf(type: string): Value {
  return VIEWS[TYPE_NAMES.indexOf(type)] ?? wrong('no such type')
}
