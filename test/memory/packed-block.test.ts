import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Arena } from '../../src/memory/arena.ts'
import { PackedElement } from '../../src/memory/packed.ts'
import {
  packedAppend,
  packedAppendInt,
  packedAt,
  packedCount,
  packedCreate,
  packedFirst,
  packedInsert,
  packedInsertInt,
  packedRemove,
  packedReplace,
  packedReplaceInt,
  packedStop,
} from '../../src/memory/packed-block.ts'

const element = new PackedElement()

function contents(a: Arena, root: number): string[] {
  const found: string[] = []
  for (let at = packedFirst(root); at < packedStop(a, root); at = element.next) {
    element.read(a.u8, at)
    const out = Buffer.alloc(element.textLength)
    element.writeText(out, 0)
    found.push(out.toString('latin1'))
  }
  return found
}

const text = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 80 }),
  fc.maxSafeInteger().map(String),
  fc.integer({ min: 60, max: 5000 }).map(length => 'x'.repeat(length)),
)
const step = fc.record({
  verb: fc.constantFrom('append', 'append', 'int', 'insert', 'insertInt', 'remove', 'replace', 'replaceInt'),
  where: fc.nat(),
  text,
  n: fc.maxSafeInteger(),
  count: fc.integer({ min: 1, max: 4 }),
})

/** One change of the block at `root` and of the array beside it; returns the block. */
function change(a: Arena, root: number, model: string[], s: typeof step extends fc.Arbitrary<infer T> ? T : never) {
  const buf = Buffer.from(s.text, 'latin1')
  const index = s.where % (model.length + 1)
  const at = index === model.length ? packedStop(a, root) : packedAt(a, root, index)
  switch (s.verb) {
    case 'append':
      model.push(s.text)
      return packedAppend(a, root, buf, 0, buf.length)
    case 'int':
      model.push(String(s.n))
      return packedAppendInt(a, root, s.n)
    case 'insert':
      model.splice(index, 0, s.text)
      return packedInsert(a, root, at, buf, 0, buf.length)
    case 'insertInt':
      model.splice(index, 0, String(s.n))
      return packedInsertInt(a, root, at, s.n)
    case 'remove': {
      const count = Math.min(s.count, model.length - index)
      model.splice(index, count)
      return packedRemove(a, root, at, count)
    }
  }
  if (index === model.length) return root
  model[index] = s.verb === 'replace' ? s.text : String(s.n)
  return s.verb === 'replace' ? packedReplace(a, root, at, buf, 0, buf.length) : packedReplaceInt(a, root, at, s.n)
}

describe('packed block', () => {
  test('holds what an array holds after any changes, and takes the memory of one block', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const a = new Arena(1 << 20)
        let root = packedCreate(a, 0)
        a.i32[root >> 2] = 11
        a.i32[(root >> 2) + 1] = 22
        const model: string[] = []
        for (const s of steps) {
          root = change(a, root, model, s)
          expect(contents(a, root)).toEqual(model)
          expect(packedCount(a, root)).toBe(model.length)
          expect(a.allocatedBytes).toBe(a.sizeOf(root))
        }
        expect([a.i32[root >> 2], a.i32[(root >> 2) + 1]]).toEqual([11, 22])
        a.check()
      }),
    )
  })

  test('a change that finds no room changes nothing', () => {
    const a = new Arena(1 << 16)
    const buf = Buffer.alloc(1 << 16, 'x')
    let root = packedCreate(a, 0)
    root = packedAppend(a, root, buf, 0, 3)
    expect(packedAppend(a, root, buf, 0, buf.length)).toBe(0)
    expect(packedInsert(a, root, packedFirst(root), buf, 0, buf.length)).toBe(0)
    expect(packedReplace(a, root, packedFirst(root), buf, 0, buf.length)).toBe(0)
    expect(contents(a, root)).toEqual(['xxx'])
  })

  test('gives memory back when most of it is taken out', () => {
    const a = new Arena(1 << 20)
    let root = packedCreate(a, 0)
    for (let i = 0; i < 500; i++) root = packedAppendInt(a, root, 1_000_000 + i)
    root = packedRemove(a, root, packedAt(a, root, 2), 498)
    expect(a.sizeOf(root)).toBeLessThan(64)
    expect(contents(a, root)).toEqual(['1000000', '1000001'])
  })
})
