import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Arena } from '../../src/memory/arena.ts'
import {
  dequeCopy,
  dequeCount,
  dequeCreate,
  dequeFirst,
  dequeFree,
  dequeFromPacked,
  dequeLast,
  dequePopBack,
  dequePopFront,
  dequePushBack,
  dequePushFront,
  dequeToPacked,
} from '../../src/memory/deque.ts'
import { DequeCursor } from '../../src/memory/deque-cursor.ts'
import {
  dequeInsert,
  dequeRemove,
  dequeRemoveRange,
  dequeReplace,
  dequeTextBytes,
  dequeUnseal,
} from '../../src/memory/deque-edit.ts'
import { PackedElement, packedBack, packedSkip } from '../../src/memory/packed.ts'
import { packedAppend, packedCreate } from '../../src/memory/packed-block.ts'

const element = new PackedElement()
const cursor = new DequeCursor()

function textAt(u8: Uint8Array, at: number): string {
  element.read(u8, at)
  const out = Buffer.alloc(element.textLength)
  element.writeText(out, 0)
  return out.toString('latin1')
}

/** The element at the cursor, with what its run begins with. */
function textHere(a: Arena): string {
  const { prefix, prefixBytes, at } = cursor
  return Buffer.from(a.u8.slice(prefix, prefix + prefixBytes)).toString('latin1') + textAt(a.u8, at)
}

function forwards(a: Arena, root: number): string[] {
  const found: string[] = []
  if (dequeCount(a, root) === 0) return found
  cursor.seek(a, root, 0)
  do {
    while (cursor.at < cursor.stop) {
      found.push(textHere(a))
      cursor.at = element.next
    }
  } while (cursor.nextRun(a))
  return found
}

function backwards(a: Arena, root: number): string[] {
  const found: string[] = []
  if (dequeCount(a, root) === 0) return found
  cursor.seekEnd(a, root)
  do {
    while (cursor.at > cursor.start) {
      cursor.at = packedBack(a.u8, cursor.at)
      found.push(textHere(a))
    }
  } while (cursor.previousRun(a))
  return found
}

const verbs = [
  ...['pushBack', 'pushBack', 'pushFront', 'pushFront', 'insert', 'insert', 'insertBehind', 'replace'],
  ...['popBack', 'popFront', 'remove', 'removeRange', 'removeMost'],
] as const
const text = fc.oneof(
  { weight: 4, arbitrary: fc.nat(300).map(n => 'v'.repeat(n)) },
  { weight: 3, arbitrary: fc.integer().map(String) },
  { weight: 3, arbitrary: fc.nat(9999).map(n => `some prefix:${n}:`) },
  { weight: 1, arbitrary: fc.integer({ min: 900, max: 9000 }).map(n => 'w'.repeat(n)) },
)
const step = fc.record({
  verb: fc.constantFrom(...verbs),
  where: fc.nat(),
  text,
  times: fc.integer({ min: 1, max: 40 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A deque beside an array that it must equal. */
class Pair {
  readonly a = new Arena(16 << 20)
  readonly root = dequeCreate(this.a)
  readonly model: string[] = []

  run(s: Step): void {
    for (let i = 0; i < (s.verb.startsWith('removeR') || s.verb === 'removeMost' ? 1 : s.times); i++) this.once(s, i)
  }

  private once(s: Step, i: number): void {
    const { a, root, model } = this
    const buf = Buffer.from(s.text === '' ? '' : `${s.text}${i}`, 'latin1')
    const value = buf.toString('latin1')
    if (s.verb === 'pushBack') {
      expect(dequePushBack(a, root, buf, 0, buf.length)).toBe(true)
      model.push(value)
    } else if (s.verb === 'pushFront') {
      expect(dequePushFront(a, root, buf, 0, buf.length)).toBe(true)
      model.unshift(value)
    } else if (model.length > 0) this.change(s, buf, value, (s.where + i) % model.length)
  }

  private change(s: Step, buf: Buffer, value: string, index: number): void {
    const { a, root, model } = this
    if (s.verb === 'popBack') {
      expect(textAt(a.u8, dequeLast(a, root))).toBe(model.pop() as string)
      dequePopBack(a, root, dequeLast(a, root))
      return
    }
    if (s.verb === 'popFront') {
      expect(textAt(a.u8, dequeFirst(a, root))).toBe(model.shift() as string)
      dequePopFront(a, root, packedSkip(a.u8, dequeFirst(a, root)))
      return
    }
    if (s.verb.startsWith('removeR') || s.verb === 'removeMost') {
      const n = s.verb === 'removeMost' ? model.length - index : Math.min(s.times * 3, model.length - index)
      const removed = model.splice(index, n)
      expect(dequeTextBytes(a, root, cursor, index, n)).toBe(removed.reduce((sum, x) => sum + x.length, 0))
      expect(dequeRemoveRange(a, root, cursor, index, n)).toBe(true)
      return
    }
    cursor.seek(a, root, index)
    expect(textHere(a)).toBe(model[index] as string)
    if (s.verb === 'insert') {
      expect(dequeInsert(a, root, cursor, buf, 0, buf.length)).toBe(true)
      expect(textHere(a)).toBe(value)
      model.splice(index, 0, value)
    } else if (s.verb === 'insertBehind') {
      cursor.at = element.next
      expect(dequeInsert(a, root, cursor, buf, 0, buf.length)).toBe(true)
      model.splice(index + 1, 0, value)
    } else if (s.verb === 'replace') {
      expect(dequeReplace(a, root, cursor, buf, 0, buf.length)).toBe(true)
      model[index] = value
    } else {
      expect(dequeUnseal(a, cursor)).toBe(true)
      const isMore = dequeRemove(a, root, cursor)
      model.splice(index, 1)
      expect(isMore).toBe(index < model.length)
      if (isMore) expect(textHere(a)).toBe(model[index] as string)
    }
  }

  check(): void {
    const { a, root, model } = this
    expect(dequeCount(a, root)).toBe(model.length)
    expect(forwards(a, root)).toEqual(model)
    expect(backwards(a, root)).toEqual([...model].reverse())
    for (let i = 0; i < model.length; i += 1 + (model.length >> 5)) {
      cursor.seek(a, root, i)
      expect(textHere(a)).toBe(model[i] as string)
    }
    a.check()
  }
}

describe('deque', () => {
  test('holds what an array holds after any changes, and gives all memory back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), steps => {
        const pair = new Pair()
        for (const s of steps) pair.run(s)
        pair.check()
        const copied = dequeCopy(pair.a, pair.root, pair.a)
        expect(forwards(pair.a, copied)).toEqual(pair.model)
        dequeFree(pair.a, copied)
        dequeFree(pair.a, pair.root)
        expect(pair.a.allocatedBytes).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  test('with directory blocks split and joined: hundreds of chunks of one element each', () => {
    const pair = new Pair()
    let x = 12345
    const random = (n: number): number => {
      x = (Math.imul(x, 1103515245) + 12345) >>> 0
      return (x >>> 8) % n
    }
    for (const phase of [0, 1, 2]) {
      for (let i = 0; i < 900; i++) {
        const verb = (
          ['insert', 'insertBehind', phase === 1 ? 'remove' : 'insert', phase === 1 ? 'remove' : 'replace'] as const
        )[random(4)] as Step['verb']
        pair.run({
          verb: pair.model.length === 0 ? 'pushBack' : verb,
          where: random(1 << 20),
          text: 'z'.repeat(3300 + random(900)),
          times: 1,
        })
        if (i % 100 === 0) pair.check()
      }
    }
    pair.check()
    while (pair.model.length > 0) {
      pair.run({ verb: 'remove', where: random(1 << 20), text: '', times: 1 })
      if (pair.model.length % 100 === 0) pair.check()
    }
    dequeFree(pair.a, pair.root)
    expect(pair.a.allocatedBytes).toBe(0)
  })

  test('takes little more than its elements, whichever end they come to', () => {
    for (const push of [dequePushBack, dequePushFront]) {
      const a = new Arena(64 << 20)
      const root = dequeCreate(a)
      const n = 100_000
      // The first byte differs from one to the next, so that nothing is sealed.
      for (let i = 0; i < n; i++) push(a, root, Buffer.from(`${i % 9}lement:${String(i).padStart(10, '0')}`), 0, 18)
      expect(a.allocatedBytes / n).toBeLessThan(20.3)
    }
  })

  test('keeps what the elements of a chunk begin with once, and gives them back at both ends', () => {
    for (const push of [dequePushBack, dequePushFront]) {
      const a = new Arena(64 << 20)
      const root = dequeCreate(a)
      const n = 20_000
      const nth = (i: number): string => `element:${String(i).padStart(10, '0')}`
      for (let i = 0; i < n; i++) push(a, root, Buffer.from(nth(i)), 0, 18)
      expect(a.allocatedBytes / n).toBeLessThan(8)
      const wanted = Array.from({ length: n }, (_, i) => nth(push === dequePushBack ? i : n - 1 - i))
      expect(forwards(a, root)).toEqual(wanted)
      expect(backwards(a, root)).toEqual([...wanted].reverse())
      for (let i = 0; i < n / 2 - 100; i++) {
        expect(textAt(a.u8, dequeFirst(a, root))).toBe(wanted[i] as string)
        dequePopFront(a, root, packedSkip(a.u8, dequeFirst(a, root)))
        expect(textAt(a.u8, dequeLast(a, root))).toBe(wanted[n - 1 - i] as string)
        dequePopBack(a, root, dequeLast(a, root))
      }
      expect(forwards(a, root)).toEqual(wanted.slice(n / 2 - 100, n / 2 + 100))
      dequeFree(a, root)
      expect(a.allocatedBytes).toBe(0)
    }
  })

  test('a queue of a constant length stays as small', () => {
    const a = new Arena(8 << 20)
    const root = dequeCreate(a)
    const buf = Buffer.from('some job of a queue')
    for (let i = 0; i < 100; i++) dequePushBack(a, root, buf, 0, buf.length)
    for (let i = 0; i < 20_000; i++) {
      dequePushBack(a, root, buf, 0, buf.length)
      dequePopFront(a, root, packedSkip(a.u8, dequeFirst(a, root)))
    }
    expect(dequeCount(a, root)).toBe(100)
    expect(a.allocatedBytes).toBeLessThan(9000)
  })

  test('is made of a packed block and one again', () => {
    const a = new Arena(8 << 20)
    let block = packedCreate(a, 0)
    for (const word of ['one', '2', 'three']) block = packedAppend(a, block, Buffer.from(word), 0, word.length)
    a.i32[(block >> 2) + 1] = 9
    const root = dequeFromPacked(a, block)
    expect(forwards(a, root)).toEqual(['one', '2', 'three'])
    expect(a.i32[(root >> 2) + 1]).toBe(9)
    expect(dequeToPacked(a, root, 4)).toBe(0)
    block = dequeToPacked(a, root, 400)
    expect(a.allocatedBytes).toBe(a.sizeOf(block))
    cursor.seekPacked(a, block, 1)
    expect(textHere(a)).toBe('2')
    expect(cursor.nextRun(a)).toBe(false)
  })

  test('without memory nothing changes', () => {
    const a = new Arena(1 << 20)
    const root = dequeCreate(a)
    const buf = Buffer.alloc(3000, 'x')
    let n = 0
    while (dequePushBack(a, root, buf, 0, buf.length)) n++
    expect(dequePushFront(a, root, buf, 0, buf.length)).toBe(false)
    cursor.seek(a, root, n >> 1)
    expect(dequeInsert(a, root, cursor, buf, 0, buf.length)).toBe(false)
    const larger = Buffer.alloc(6000, 'y')
    cursor.seek(a, root, n >> 1)
    expect(dequeReplace(a, root, cursor, larger, 0, larger.length)).toBe(false)
    expect(dequeCount(a, root)).toBe(n)
    expect(forwards(a, root).length).toBe(n)
    a.check()
  })
})
