import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ARENA_ROOT, Arena } from '../../src/memory/arena.ts'
import { DICT_ROOT_BYTES, DictWalk, dictCheck, dictCount } from '../../src/memory/dict.ts'
import {
  memberBytes,
  memberLength,
  memberStart,
  membersAdd,
  membersClear,
  membersFind,
  membersRemove,
} from '../../src/memory/members.ts'

const ROOT = ARENA_ROOT

/** The set under test beside a Set; the hash has few bits, so that members often share one. */
class Members {
  readonly a: Arena
  readonly model = new Set<string>()
  private readonly hashBits: number

  constructor(hashBits: number, capacityBytes = 16 << 20) {
    this.a = new Arena(capacityBytes, DICT_ROOT_BYTES)
    this.hashBits = hashBits
  }

  private hash(text: string): number {
    return (Bun.hash.xxHash32(text) >>> (32 - this.hashBits)) << (32 - this.hashBits)
  }

  find(text: string): number {
    const buf = Buffer.from(`..${text}.`, 'latin1')
    return membersFind(this.a, ROOT, this.hash(text) | 0, buf, 2, buf.length - 1)
  }

  add(text: string): boolean {
    expect(this.find(text) !== 0).toBe(this.model.has(text))
    if (this.model.has(text)) return false
    const buf = Buffer.from(text, 'latin1')
    if (membersAdd(this.a, ROOT, this.hash(text) | 0, buf, 0, buf.length) === 0) return false
    this.model.add(text)
    return true
  }

  remove(text: string): void {
    const slot = this.find(text)
    expect(slot !== 0).toBe(this.model.has(text))
    if (slot !== 0) membersRemove(this.a, ROOT, slot)
    this.model.delete(text)
  }

  all(): string[] {
    const walk = new DictWalk(ROOT)
    const found: string[] = []
    const { u8 } = this.a
    while (walk.step(this.a, 10)) {
      for (let i = 0; i < walk.batch.length; i++) {
        const ref = walk.batch.refs[i] ?? 0
        const start = memberStart(u8, ref)
        found.push(Buffer.from(u8.slice(start, start + memberLength(u8, ref))).toString('latin1'))
      }
    }
    return found
  }

  check(): void {
    dictCheck(this.a, ROOT)
    this.a.check()
    expect(dictCount(this.a, ROOT)).toBe(this.model.size)
    expect(this.all().sort()).toEqual([...this.model].sort())
  }
}

const text = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map(String),
  fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  fc.constantFrom(...[126, 127, 128, 129, 300, 16_383, 16_384].map(length => 'x'.repeat(length))),
)

describe('members', () => {
  test('are a set of byte strings, whatever is added and removed', () => {
    const step = fc.record({ word: text, adds: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), fc.constantFrom(1, 4, 32), (steps, bits) => {
        const set = new Members(bits, 1 << 20)
        for (const { word, adds } of steps) {
          if (adds) set.add(word)
          else set.remove(word)
        }
        set.check()
        membersClear(set.a, ROOT)
        expect(set.a.allocatedBytes).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  test('cost what the table says', () => {
    const set = new Members(32, 64 << 20)
    for (let i = 0; i < 100_000; i++) set.add(`element:${String(i).padStart(12, '0')}`)
    expect(memberBytes(20)).toBe(21)
    expect(set.a.allocatedBytes / 100_000).toBeLessThan(35.5)
  })

  test('are not changed when there is no room', () => {
    const set = new Members(32, 256 << 10)
    let i = 0
    while (set.add(`member ${i}`)) i++
    expect(i).toBeGreaterThan(1000)
    set.check()
    expect(set.add('x'.repeat(200_000))).toBe(false)
    set.check()
  })
})
