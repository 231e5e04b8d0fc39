import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { KeyedHash } from '../../src/bytes/siphash.ts'
import { Arena } from '../../src/memory/arena.ts'
import { ARENA_WHEEL, wheelAdvance, wheelCreate } from '../../src/memory/timewheel.ts'
import { ReplyWriter } from '../../src/resp/writer.ts'
import { Random } from '../../src/store/random.ts'
import { Hash } from '../../src/values/hash.ts'
import { clockEntry, clockFired, clockNamespace, isClockTimer } from '../../src/values/hash-clock.ts'
import { HashDraws } from '../../src/values/hash-draws.ts'
import { KEEP_DEADLINE } from '../../src/values/hash-fields.ts'
import { mapClock, mapIsOver, mapTimed } from '../../src/values/hash-map.ts'
import { ARENA_NAMES, ARENA_NAMES_BYTES } from '../../src/values/hash-names.ts'
import { type HashPart, replyFields } from '../../src/values/hash-reply.ts'
import { FORM_HASHTABLE, FORM_LISTPACK, FORM_LISTPACK_EX, FORM_SHARED } from '../../src/values/types.ts'
import { CollectionLimits, ENTRY_FLAGS, FLAG_FLEETING, RestoredElement, VISIT_END } from '../../src/values/value.ts'

/** Words of the root area that nobody else uses. */
const ENTRY = ARENA_NAMES + ARENA_NAMES_BYTES
const NAMESPACE = 1600

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const text = (buf: Uint8Array, start: number, end: number): string =>
  Buffer.from(buf.slice(start, end)).toString('latin1')

const bulks = (words: readonly string[]): string => words.map(word => `$${word.length}\r\n${word}\r\n`).join('')

interface Told {
  readonly value: string
  readonly deadline: number
}

function makeArena(): Arena {
  const a = new Arena(16 << 20, 12 + ARENA_NAMES_BYTES + 8)
  a.i32[ARENA_WHEEL >> 2] = wheelCreate(a, 0)
  return a
}

/** A hash beside a Map, with a clock that only moves on. */
class Model {
  readonly host = {
    limits: new CollectionLimits(),
    hasher: new KeyedHash(1, 2),
    random: new Random(3),
    nowMs: 0,
  }
  readonly a = makeArena()
  readonly empty = this.a.allocatedBytes
  readonly hash = new Hash()
  readonly reply = new ReplyWriter()
  readonly map = new Map<string, Told>()

  constructor() {
    this.host.limits.hashMaxListpackEntries = 8
    this.host.limits.hashMaxListpackValueBytes = 12
    this.hash.create(this.host, this.a)
  }

  move(ms: number): void {
    this.host.nowMs += ms
    for (const [field, { deadline }] of this.map) {
      if (deadline !== 0 && deadline < this.host.nowMs) this.map.delete(field)
    }
  }

  find(field: string): boolean {
    const buf = bytes(field)
    const found = this.hash.find(buf, 0, buf.length)
    expect(found).toBe(this.map.has(field))
    return found
  }

  set(field: string, value: string, deadline: number): void {
    const buf = bytes(field + value)
    const before = this.map.get(field)
    const added = this.hash.set(buf, 0, field.length, buf, field.length, buf.length, deadline)
    expect(added).toBe(before === undefined)
    this.map.set(field, { value, deadline: deadline === KEEP_DEADLINE ? (before?.deadline ?? 0) : deadline })
    this.hash.own(ENTRY, NAMESPACE)
  }

  /** As at its end when it is new and another one with its fields was there before. */
  share(): void {
    this.hash.complete()
    this.hash.complete()
  }

  retime(field: string, deadline: number): void {
    this.hash.allowDeadlines()
    this.hash.own(ENTRY, NAMESPACE)
    const told = this.map.get(field)
    if (!this.find(field) || told === undefined) return
    this.hash.retimeFound(deadline)
    expect(this.hash.deadline).toBe(deadline)
    this.map.set(field, { ...told, deadline })
  }

  remove(field: string): void {
    if (this.find(field)) this.hash.removeFound()
    this.map.delete(field)
  }

  /** What the wheel gives out is the hash's clock; reaping leaves only what is there. */
  fire(): void {
    const { a, hash, host } = this
    for (;;) {
      const timer = wheelAdvance(a, a.i32[ARENA_WHEEL >> 2], host.nowMs - 1, 1000)
      if (timer === 0) break
      expect(timer).toBeGreaterThan(0)
      expect(isClockTimer(a, timer)).toBe(true)
      const clock = clockFired(a, timer)
      expect(clockEntry(a, clock)).toBe(ENTRY)
      expect(clockNamespace(a, clock)).toBe(NAMESPACE)
      hash.reap(3)
    }
    expect(hash.stored).toBe(this.map.size)
  }

  seen(hash: Hash): [string, Told][] {
    const all: [string, Told][] = []
    const parts: string[] = []
    hash.visit((buf, start, end) => {
      parts.push(text(buf, start, end))
      const [field = '', value = '', deadline] = parts
      if (deadline === undefined) return
      parts.length = 0
      if (deadline === '' || Number(deadline) >= this.host.nowMs)
        all.push([field, { value, deadline: Number(deadline) }])
    })
    return all.sort()
  }

  check(): void {
    const { hash, map } = this
    const wanted = [...map].sort()
    expect(hash.count).toBe(map.size)
    expect(this.seen(hash)).toEqual(wanted)
    const walked: string[] = []
    hash.begin()
    const pairs: [string, string][] = []
    while (hash.next()) {
      walked.push(this.shown(hash))
      pairs.push(this.pair(hash))
    }
    expect(this.replied('pair')).toBe(bulks(pairs.flat()))
    expect(this.replied('field')).toBe(bulks(pairs.map(([field]) => field)))
    expect(this.replied('value')).toBe(bulks(pairs.map(([, value]) => value)))
    expect(walked.sort()).toEqual(wanted.map(([field, { value }]) => `${field}=${value}`).sort())
    if (hash.random()) expect(walked).toContain(this.shown(hash))
    const draws = new HashDraws(hash)
    if (map.size > 0) draws.beginDraws()
    for (let i = 0; map.size > 0 && i < 20; i++) {
      draws.draw()
      expect(walked).toContain(this.shown(hash))
    }
    for (let wanted = 1; wanted < map.size; wanted++) {
      draws.beginSample(wanted)
      const sample = new Set<string>()
      while (draws.next()) sample.add(this.shown(hash))
      draws.end()
      expect(sample.size).toBe(wanted)
      for (const one of sample) expect(walked).toContain(one)
    }
    expect(hash.logical).toBeGreaterThanOrEqual(walked.join('').length - map.size)
    this.checkFlag()
    this.a.check()
  }

  private replied(part: HashPart): string {
    this.reply.clear()
    replyFields(this.reply, this.hash, part)
    return text(this.reply.buf, 0, this.reply.length)
  }

  /** Whether the key may be over without a deadline of its own stands in its entry. */
  private checkFlag(): void {
    const { a, hash, host } = this
    if (hash.isPacked || mapClock(a, hash.root) === 0) return
    hash.own(ENTRY, NAMESPACE)
    const isFleeting = ((a.u8[ENTRY + ENTRY_FLAGS] ?? 0) & FLAG_FLEETING) !== 0
    expect(isFleeting).toBe(mapTimed(a, hash.root) === hash.stored)
    if (isFleeting) expect(mapIsOver(a, hash.root, host.nowMs)).toBe(hash.count === 0)
  }

  private shown(hash: Hash): string {
    return this.pair(hash).join('=')
  }

  private pair({ field, value }: Hash): [string, string] {
    const scratch = new Uint8Array(4096)
    const first = text(scratch, 0, field.writeText(scratch, 0))
    return [first, text(scratch, 0, value.writeText(scratch, 0))]
  }
}

const word = fc.oneof(
  fc.integer({ min: -2, max: 12 }).map(String),
  fc.string({ unit: 'binary-ascii', maxLength: 4 }),
  fc.constantFrom('x'.repeat(12), 'x'.repeat(13), '123456789012'),
)
const deadline = fc.oneof(fc.constantFrom(0, KEEP_DEADLINE), fc.integer({ min: 1, max: 60 }))
const step = fc.record({
  verb: fc.constantFrom('set', 'set', 'set', 'plain', 'retime', 'remove', 'move', 'fire', 'share'),
  field: word,
  value: word,
  deadline,
})

describe('a hash', () => {
  test('is a map of fields that expire, whatever is done to it in whatever form', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, timed) => {
        const model = new Model()
        for (const { verb, field, value, deadline } of steps) {
          const at = deadline > 0 ? model.host.nowMs + deadline : deadline
          if (verb === 'plain' || (verb === 'set' && !timed)) model.set(field, value, Math.min(at, 0))
          else if (verb === 'set') model.set(field, value, at)
          else if (verb === 'retime' && timed) model.retime(field, Math.max(0, at))
          else if (verb === 'remove') model.remove(field)
          else if (verb === 'share') model.share()
          else if (verb === 'move') model.move(Math.max(1, deadline))
          else model.fire()
        }
        model.check()
        model.fire()
        model.check()
        for (const other of [makeArena(), model.a]) {
          const { bytes: untouched, copied } = { bytes: other.allocatedBytes, copied: new Hash() }
          copied.aim(model.host, other, model.hash.copyTo(other), model.hash.form)
          expect(copied.logical).toBe(model.hash.logical)
          expect(model.seen(copied)).toEqual(model.seen(model.hash))
          copied.release()
          expect(other.allocatedBytes).toBe(untouched)
        }
        model.hash.release()
        expect(model.a.allocatedBytes).toBe(model.empty)
      }),
      { numRuns: 300 },
    )
  })

  test('takes back what was visited', () => {
    const model = new Model()
    for (let i = 0; i < 20; i++) model.set(`field ${i}`, String(i), i % 3 === 0 ? 100 + i : 0)
    const restored = new Hash()
    restored.create(model.host, model.a)
    const element = new RestoredElement()
    let parts = 0
    model.hash.visit((buf, start, end) => {
      const all = text(element.buf, 0, element.buf.length) + text(buf, start, end)
      element.buf = bytes(parts === 0 ? all.slice(element.buf.length) : all)
      element.starts[parts] = element.buf.length - (end - start)
      element.ends[parts] = element.buf.length
      parts = (parts + 1) % 3
      if (parts === 0) expect(restored.restore(element)).toBe(true)
    })
    expect(restored.restore(element)).toBe(false)
    expect(model.seen(restored)).toEqual(model.seen(model.hash))
  })

  test('turns into a map beyond its limits or for a deadline, and never back', () => {
    const model = new Model()
    const { hash } = model
    for (let i = 0; i < 8; i++) model.set(`f${i}`, 'v', 0)
    expect(hash.form).toBe(FORM_LISTPACK)
    model.retime('f3', 50)
    expect(hash.form).toBe(FORM_LISTPACK_EX)
    model.set('f8', 'v', 0)
    expect(hash.form).toBe(FORM_HASHTABLE)
    for (let i = 0; i < 8; i++) model.remove(`f${i}`)
    expect(hash.form).toBe(FORM_HASHTABLE)
    expect(hash.count).toBe(1)
    const long = new Model()
    long.set('f', 'x'.repeat(13), 0)
    expect(long.hash.form).toBe(FORM_HASHTABLE)
  })

  test('that is told of its first fields takes no more bytes than those, and grows as any other', () => {
    const { hash, host, a } = new Model()
    const words = ['one', '1', 'two', 'second', 'three', '300']
    const buf = bytes(words.join(''))
    const ends = Int32Array.from(words, (_, i) => words.slice(0, i + 1).join('').length)
    const starts = Int32Array.from(words, (word, i) => (ends[i] as number) - word.length)
    const before = a.allocatedBytes - a.sizeOf(hash.root)
    hash.expect({ buf, starts, ends, count: words.length }, 0)
    for (let i = 0; i < words.length; i += 2) {
      hash.set(buf, starts[i] as number, ends[i] as number, buf, starts[i + 1] as number, ends[i + 1] as number, 0)
    }
    // Texts take two bytes more than they have, 1 takes two and 300 three; 16 bytes are the block's own.
    const elements = 5 + 2 + 5 + 8 + 7 + 3
    expect(a.allocatedBytes - before).toBe(Arena.goodSize(16 + elements))
    hash.set(bytes('four'), 0, 4, bytes('4'), 0, 1, 0)
    expect([hash.count, hash.find(bytes('two'), 0, 3), hash.logical]).toEqual([4, true, buf.length + 5])
    // Beyond the limits it will be a map: no room is made.
    const other = new Hash()
    other.create(host, a)
    const { root } = other
    host.limits.hashMaxListpackValueBytes = 5
    other.expect({ buf, starts, ends, count: words.length }, 0)
    expect(other.root).toBe(root)
  })

  test('shares the names of its fields with others that come with the same, until its fields change', () => {
    const { hash, host, a } = new Model()
    hash.release()
    const empty = a.allocatedBytes
    const make = (...words: string[]): Hash => {
      const made = new Hash()
      made.create(host, a)
      const buf = bytes(words.join(''))
      const ends = Int32Array.from(words, (_, i) => words.slice(0, i + 1).join('').length)
      const starts = Int32Array.from(words, (word, i) => (ends[i] as number) - word.length)
      if (made.fill({ buf, starts, ends, count: words.length }, 0)) return made
      for (let i = 0; i < words.length; i += 2) {
        made.set(buf, starts[i] as number, ends[i] as number, buf, starts[i + 1] as number, ends[i + 1] as number, 0)
      }
      made.complete()
      return made
    }
    const shown = (h: Hash): string[] => {
      const all: string[] = []
      for (let at = 0; at !== VISIT_END; ) {
        at = h.visitFrom(at, 1, (buf, start, end) => {
          if (end > start) all.push(text(buf, start, end))
        })
      }
      return all
    }
    const words = ['name', 'ann', '7', '1000', 'town', 'rome']
    const first = make(...words)
    expect(first.form).toBe(FORM_LISTPACK)
    // Before the next one there is no block of names, so its own bytes are those that are not the block's.
    const second = make(...words)
    expect([second.form, second.isPacked, second.count]).toEqual([FORM_SHARED, true, 3])
    const before = a.allocatedBytes
    const third = make('name', 'bob', '7', 'x', 'town', '')
    expect(a.allocatedBytes - before).toBe(Arena.goodSize(16 + 5 + 3 + 2))
    expect([third.form, third.logical, third.count]).toEqual([FORM_SHARED, 13, 3])
    expect(shown(second)).toEqual(words)
    expect(shown(third)).toEqual(['name', 'bob', '7', 'x', 'town'])
    expect(make('name', 'ann', 'town', 'rome', '7', '1000').form).toBe(FORM_LISTPACK)
    expect([second.find(bytes('7'), 0, 1), second.value.int, second.find(bytes('8'), 0, 1)]).toEqual([
      true,
      1000,
      false,
    ])
    // A value of another length, and then another field.
    second.set(bytes('7'), 0, 1, bytes('seven'), 0, 5, 0)
    expect([second.form, shown(second)]).toEqual([FORM_SHARED, ['name', 'ann', '7', 'seven', 'town', 'rome']])
    second.set(bytes('8'), 0, 1, bytes('9'), 0, 1, 0)
    expect([second.form, shown(second).slice(-2)]).toEqual([FORM_LISTPACK, ['8', '9']])
    expect(third.find(bytes('7'), 0, 1)).toBe(true)
    third.removeFound()
    expect([third.form, shown(third)]).toEqual([FORM_LISTPACK, ['name', 'bob', 'town']])
    // After many with names of their own only some are looked at, and so are those that come with the same then.
    const strangers = Array.from({ length: 100 }, (_, i) => make(`a${i}`, '1', `b${i}`, '2'))
    const alike = Array.from({ length: 34 }, () => make('x', '1', 'y', '2'))
    expect([strangers.at(-1)?.form, alike[0]?.form, alike.at(-1)?.form]).toEqual([
      FORM_LISTPACK,
      FORM_LISTPACK,
      FORM_SHARED,
    ])
    for (const one of [first, second, third, ...strangers, ...alike]) one.release()
    a.check()
    // What came in another order is still there.
    expect(a.allocatedBytes - empty).toBe(Arena.goodSize(16 + 6 + 5 + 6 + 6 + 2 + 4))
  })

  test('meets each field that stays once in a scan, while others come and go', () => {
    const model = new Model()
    for (let i = 0; i < 500; i++) model.set(`stays ${i}`, 'v', 0)
    const met: string[] = []
    let position = 0
    let round = 0
    do {
      const next = model.hash.beginPart(position, 10)
      while (model.hash.next()) {
        const { buf, start, end } = model.hash.field
        met.push(text(buf, start, end))
      }
      position = next
      for (let i = 0; i < 50; i++) model.set(`guest ${round} ${i}`, 'v', 0)
      if (round > 0) for (let i = 0; i < 50; i++) model.remove(`guest ${round - 1} ${i}`)
      round++
    } while (position !== 0)
    const stays = met.filter(field => field.startsWith('stays'))
    expect(stays.length).toBe(500)
    expect(new Set(stays).size).toBe(500)
  })

  test('draws every field equally often, also when it is half empty', () => {
    for (const fields of [5, 2000]) {
      const model = new Model()
      for (let i = 0; i < fields; i++) model.set(`f${i}`, 'v', 0)
      for (let i = 3; i < fields; i += 2) model.remove(`f${i}`)
      const left = model.hash.count
      const drawn = new Map<string, number>()
      for (let i = 0; i < left * 100; i++) {
        model.hash.random()
        const { buf, start, end } = model.hash.field
        const field = text(buf, start, end)
        drawn.set(field, (drawn.get(field) ?? 0) + 1)
      }
      expect(drawn.size).toBe(left)
      let chiSquare = 0
      for (const times of drawn.values()) chiSquare += (times - 100) ** 2 / 100
      expect(chiSquare).toBeLessThan(left + 6 * Math.sqrt(2 * left))
    }
  })
})
