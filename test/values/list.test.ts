import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { KeyedHash } from '../../src/bytes/siphash.ts'
import type { Words } from '../../src/bytes/words.ts'
import { Args } from '../../src/commands/args.ts'
import { Arena } from '../../src/memory/arena.ts'
import { CommandError } from '../../src/resp/errors.ts'
import { ReplyWriter } from '../../src/resp/writer.ts'
import { Random } from '../../src/store/random.ts'
import { List } from '../../src/values/list.ts'
import { LEFT, RIGHT, type Side } from '../../src/values/list-walk.ts'
import { FORM_LISTPACK, FORM_QUICKLIST } from '../../src/values/types.ts'
import { CollectionLimits, RestoredElement, type Value } from '../../src/values/value.ts'
import { ReplyReader } from '../support/resp.ts'

const HOST = { limits: new CollectionLimits(), hasher: new KeyedHash(1, 2), random: new Random(3), nowMs: 0 }
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

function words(...texts: readonly string[]): Words {
  const args = new Args()
  args.fill(texts.map(bytes))
  return args
}

function contents(list: Value): string[] {
  const found: string[] = []
  list.visit((buf, start, end) => found.push(Buffer.from(buf.slice(start, end)).toString('latin1')))
  return found
}

/** What a function writes. */
function replies(write: (reply: ReplyWriter) => void): unknown[] {
  const reply = new ReplyWriter()
  write(reply)
  const reader = new ReplyReader()
  for (const piece of reply.take()) reader.feed(piece)
  const all: unknown[] = []
  for (let one = reader.next(); one !== undefined; one = reader.next()) all.push(one)
  return all
}

const text = fc.oneof(
  fc.constantFrom('a', 'b', '1', '-7', '300', '', 'x'.repeat(30)),
  fc.nat(400).map(n => 'prefix:'.concat('y'.repeat(n))),
  fc.integer().map(String),
  fc.nat(99_999).map(n => `element:of:a:kind:${n}`),
)
const fields = {
  verb: fc.constantFrom('push', 'push', 'pushLeft', 'pop', 'set', 'insert', 'remove', 'removeRight', 'range', 'trim'),
  texts: fc.array(text, { minLength: 1, maxLength: 12 }),
  at: fc.nat(),
  n: fc.integer({ min: 1, max: 20 }),
}
const step = fc.record(fields)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

class Pair {
  readonly a = new Arena(16 << 20, 16)
  readonly list = new List()
  model: string[] = []

  constructor() {
    this.list.create(HOST, this.a)
  }

  run({ verb, texts, at, n }: Step): void {
    const { list, model } = this
    const [first = ''] = texts
    if (verb === 'push') {
      list.pushWords(words(...texts), 0, RIGHT)
      model.push(...texts)
    } else if (verb === 'pushLeft') {
      list.pushWords(words(...texts), 0, LEFT)
      model.unshift(...[...texts].reverse())
    } else if (model.length > 0) this.change(verb, first, at % model.length, n)
  }

  private change(verb: Step['verb'], first: string, index: number, n: number): void {
    const { list, model } = this
    const buf = bytes(first)
    const pivot = n > 10 ? first : (model[index] ?? '')
    if (verb === 'pop') {
      for (let i = 0; i < n && model.length > 0; i++) {
        const side = (index + i) % 2 === 0 ? LEFT : RIGHT
        const element = list.peek(side)
        const out = Buffer.alloc(element.textLength)
        element.writeText(out, 0)
        expect(out.toString('latin1')).toBe((side === LEFT ? model.shift() : model.pop()) as string)
        list.pop(side)
      }
    } else if (verb === 'set') {
      list.set(index, buf, 0, buf.length)
      model[index] = first
    } else if (verb === 'insert') {
      const where = index % 2 === 0 ? 'before' : 'after'
      const found = model.indexOf(pivot)
      expect(list.insertAt(words(pivot, first), 0, 1, where)).toBe(found >= 0)
      if (found >= 0) model.splice(found + (where === 'after' ? 1 : 0), 0, first)
    } else if (verb === 'range') {
      const count = Math.min(n, model.length - index)
      expect(replies(reply => list.replyRange(reply, index, count))).toEqual(model.slice(index, index + count))
      expect(replies(reply => list.replyBackwards(reply, count))).toEqual(model.slice(-count).reverse())
      expect(replies(reply => list.replyIndex(reply, index))).toEqual([model[index]])
    } else if (verb === 'trim') {
      const count = Math.min(n, model.length - index)
      list.removeRange(index, count)
      model.splice(index, count)
    } else this.removeSome(pivot, n, verb === 'remove' ? LEFT : RIGHT)
  }

  private removeSome(pivot: string, n: number, side: typeof LEFT | typeof RIGHT): void {
    const buf = bytes(pivot)
    const found = this.model.flatMap((x, i) => (x === pivot ? [i] : []))
    if (side === RIGHT) found.reverse()
    const search = { buf, start: 0, end: buf.length }
    const positions = (reach: number, passed: number, most: number): unknown[] =>
      replies(reply => this.list.replyPositions(reply, search, side, reach, passed, most))
    expect(positions(Infinity, 0, n)).toEqual(found.slice(0, n))
    const reach = n * 37
    const isWithin = (i: number): boolean => (side === RIGHT ? this.model.length - 1 - i : i) < reach
    expect(positions(reach, 1, Infinity)).toEqual(found.filter(isWithin).slice(1))
    expect(this.list.remove(buf, 0, buf.length, n, side)).toBe(Math.min(n, found.length))
    const gone = new Set(found.slice(0, n))
    this.model = this.model.filter((_, i) => !gone.has(i))
  }

  check(): void {
    const { list, model, a } = this
    expect(list.count).toBe(model.length)
    expect(contents(list)).toEqual(model)
    expect(list.logical).toBe(model.reduce((sum, x) => sum + x.length, 0))
    a.check()
  }
}

describe('a list', () => {
  test('is what an array is after any changes, in either form, and frees all it took', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const pair = new Pair()
        for (const s of steps) pair.run(s)
        pair.check()
        const copy = new List()
        copy.aim(HOST, pair.a, pair.list.copyTo(pair.a), pair.list.form)
        expect(contents(copy)).toEqual(pair.model)
        expect(copy.logical).toBe(pair.list.logical)
        copy.release()
        pair.list.release()
        expect(pair.a.allocatedBytes).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  test('is what an array is when its elements begin alike, so that inner chunks are sealed', () => {
    const alike = fc
      .oneof(fc.nat(300).map(String), fc.constantFrom('', '05', '-7', '70000', '5000000000', 'x'.repeat(150)))
      .map(rest => `element:of:a:kind:${rest}`)
    // Some begin like those and are none of them.
    const other = fc.constantFrom('element', 'element:of:a:kind', 'element:of:a:king:5', '5', 'z')
    const texts = fc.array(fc.oneof({ weight: 6, arbitrary: alike }, { weight: 1, arbitrary: other }), {
      minLength: 1,
      maxLength: 6,
    })
    const many = fc.array(alike, { minLength: 300, maxLength: 900 })
    fc.assert(
      fc.property(many, many, fc.array(fc.record({ ...fields, texts }), { maxLength: 40 }), (left, right, steps) => {
        const pair = new Pair()
        pair.run({ verb: 'pushLeft', texts: left, at: 0, n: 1 })
        pair.run({ verb: 'push', texts: right, at: 0, n: 1 })
        for (const s of steps) pair.run(s)
        pair.check()
      }),
      { numRuns: 60 },
    )
  })

  test('is packed while it is small, a deque above, and packed again when it has shrunk', () => {
    const { list } = new Pair()
    const buf = bytes('some element of a list')
    while (list.form === FORM_LISTPACK) list.push(buf, 0, buf.length, RIGHT)
    expect(list.form).toBe(FORM_QUICKLIST)
    expect(list.count).toBeGreaterThan(20)
    while (list.form === FORM_QUICKLIST) list.pop(LEFT)
    expect(list.count).toBeLessThan(20)
    expect(list.count).toBeGreaterThan(5)
  })

  test('comes back from what was visited in parts', () => {
    const pair = new Pair()
    pair.list.pushWords(words(...Array.from({ length: 500 }, (_, i) => `${i}${'z'.repeat(i % 90)}`)), 0, RIGHT)
    const again = new List()
    again.create(HOST, pair.a)
    const element = new RestoredElement()
    for (let at = 0; at !== -1; ) {
      at = pair.list.visitFrom(at, 7, (buf, start, end) => {
        element.buf = new Uint8Array(buf.subarray(start, end))
        element.ends[0] = end - start
        again.restore(element)
      })
    }
    expect(contents(again)).toEqual(contents(pair.list))
  })

  test('without memory a push of many changes nothing', () => {
    const a = new Arena(1 << 18, 16)
    const list = new List()
    list.create(HOST, a)
    list.pushWords(words('one', 'two', 'three'), 0, RIGHT)
    const many = words(...Array.from({ length: 100 }, () => 'x'.repeat(5000)))
    for (const side of [LEFT, RIGHT] as const) {
      expect(() => list.pushWords(many, 0, side)).toThrow(CommandError as unknown as new () => Error)
      expect(contents(list)).toEqual(['one', 'two', 'three'])
      expect(list.logical).toBe(11)
    }
    a.check()
  })

  test.each<Side>([LEFT, RIGHT])(
    'without memory to unseal a chunk a removal ends early, and the bytes are right (side %d)',
    side => {
      const a = new Arena(1 << 18, 16)
      const list = new List()
      list.create(HOST, a)
      list.push(bytes('element:gone'), 0, 12, RIGHT)
      for (let i = 0; i < 2000; i++) list.push(bytes(`element:${i % 10}`), 0, 9, RIGHT)
      list.push(bytes('element:gone'), 0, 12, RIGHT)
      const taken: number[] = []
      for (const size of [4096, 256, 16]) for (let at = a.alloc(size); at !== 0; at = a.alloc(size)) taken.push(at)
      expect(() => list.remove(bytes('element:7'), 0, 9, 2000, side)).toThrow(
        CommandError as unknown as new () => Error,
      )
      expect(list.logical).toBe(contents(list).join('').length)
      for (const at of taken) a.free(at)
      const left = contents(list).filter(element => element === 'element:7').length
      expect(left).toBeLessThan(200)
      expect(list.remove(bytes('element:7'), 0, 9, 2000, side)).toBe(left)
      expect(list.logical).toBe(contents(list).join('').length)
      a.check()
    },
  )
})
