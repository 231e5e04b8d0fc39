import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ARENA_ROOT, Arena } from '../../src/memory/arena.ts'
import { deadlinesCheck, deadlinesCount, deadlinesDue, deadlinesFirst } from '../../src/memory/deadlines.ts'
import { DictWalk, dictCheck, dictCount } from '../../src/memory/dict.ts'
import {
  FIELDS_DEADLINES,
  FIELDS_ROOT_BYTES,
  FieldView,
  fieldDeadline,
  fieldsClear,
  fieldsFind,
  fieldsInsert,
  fieldsRemove,
  fieldsReplace,
  fieldsRetime,
} from '../../src/memory/fields.ts'

const ROOT = ARENA_ROOT

interface Told {
  readonly value: string
  readonly deadline: number
}

/** The map under test beside a Map; the hash has few bits, so that fields often share one. */
class Fields {
  readonly a: Arena
  readonly model = new Map<string, Told>()
  private readonly view = new FieldView()
  private readonly hashBits: number

  constructor(hashBits: number, capacityBytes = 16 << 20) {
    this.a = new Arena(capacityBytes, FIELDS_ROOT_BYTES)
    this.hashBits = hashBits
  }

  private hash(text: string): number {
    return ((Bun.hash.xxHash32(text) >>> (32 - this.hashBits)) << (32 - this.hashBits)) | 0
  }

  find(field: string): number {
    const buf = Buffer.from(`..${field}.`, 'latin1')
    const slot = fieldsFind(this.a, ROOT, this.hash(field), buf, 2, buf.length - 1)
    expect(slot !== 0).toBe(this.model.has(field))
    return slot
  }

  set(field: string, value: string, deadline: number): boolean {
    const buf = Buffer.from(field + value, 'latin1')
    const slot = this.find(field)
    const done =
      slot !== 0
        ? fieldsReplace(this.a, ROOT, slot, buf, field.length, buf.length, deadline)
        : fieldsInsert(
            this.a,
            ROOT,
            this.hash(field),
            buf,
            0,
            field.length,
            buf,
            field.length,
            buf.length,
            deadline,
          ) !== 0
    if (done) this.model.set(field, { value, deadline })
    return done
  }

  retime(field: string, deadline: number): void {
    const slot = this.find(field)
    const told = this.model.get(field)
    if (told === undefined) return
    expect(fieldsRetime(this.a, ROOT, slot, deadline, this.view)).toBe(true)
    this.model.set(field, { ...told, deadline })
  }

  remove(field: string): void {
    const slot = this.find(field)
    if (slot !== 0) fieldsRemove(this.a, ROOT, slot)
    this.model.delete(field)
  }

  check(): void {
    const { a, model, view } = this
    dictCheck(a, ROOT)
    deadlinesCheck(a, ROOT + FIELDS_DEADLINES)
    a.check()
    expect(dictCount(a, ROOT)).toBe(model.size)
    const walk = new DictWalk(ROOT)
    const text = (from: number, to: number): string => Buffer.from(a.u8.slice(from, to)).toString('latin1')
    const seen = new Map<string, Told>()
    while (walk.step(a, 10)) {
      for (const ref of walk.batch.refs.subarray(0, walk.batch.length)) {
        view.read(a, ref)
        seen.set(text(view.start, view.end), {
          value: text(view.valueStart, view.valueEnd),
          deadline: fieldDeadline(a, ref),
        })
      }
    }
    expect([...seen].sort()).toEqual([...model].sort())
    const deadlines = [...model.values()].map(told => told.deadline).filter(deadline => deadline !== 0)
    expect(deadlinesCount(a, ROOT + FIELDS_DEADLINES)).toBe(deadlines.length)
    const first = deadlinesFirst(a, ROOT + FIELDS_DEADLINES)
    expect(first === 0 ? 0 : fieldDeadline(a, first + 1)).toBe(deadlines.length === 0 ? 0 : Math.min(...deadlines))
    for (const now of [0, 1, 5, 30, 51]) {
      expect(deadlinesDue(a, ROOT + FIELDS_DEADLINES, now)).toBe(deadlines.filter(deadline => deadline < now).length)
    }
  }
}

const text = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map(String),
  fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  fc.constantFrom(...[253, 254, 255, 300, 65_535, 65_536].map(length => 'x'.repeat(length))),
)
const deadline = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 }))
const step = fc.record({ verb: fc.constantFrom('set', 'set', 'retime', 'remove'), field: text, value: text, deadline })

describe('fields', () => {
  test('are a map of byte strings with deadlines, whatever is set, timed and removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.constantFrom(1, 4, 32), (steps, bits) => {
        const fields = new Fields(bits)
        for (const { verb, field, value, deadline } of steps) {
          if (verb === 'set') fields.set(field, value, deadline)
          else if (verb === 'retime') fields.retime(field, deadline)
          else fields.remove(field)
        }
        fields.check()
        fieldsClear(fields.a, ROOT)
        expect(fields.a.allocatedBytes).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  test('keep the order of many deadlines while they come and go', () => {
    const fields = new Fields(32)
    for (let i = 0; i < 5000; i++) fields.set(`f${i}`, 'v', 1 + ((i * 7919) % 50))
    fields.check()
    for (let i = 0; i < 5000; i++) if (i % 16 !== 0) fields.remove(`f${i}`)
    fields.check()
  })

  test('cost what the table says', () => {
    const fields = new Fields(32, 64 << 20)
    const value = 'v'.repeat(64)
    for (let i = 0; i < 100_000; i++) fields.set(`field:${String(i).padStart(10, '0')}`, value, 0)
    expect(fields.a.allocatedBytes / 100_000).toBeLessThan(99.5)
  })

  test('are not changed when there is no room', () => {
    for (const deadline of [0, 7]) {
      const fields = new Fields(32, 256 << 10)
      let i = 0
      while (fields.set(`field ${i}`, 'some value', deadline)) i++
      expect(i).toBeGreaterThan(1000)
      fields.check()
      expect(fields.set('field 1', 'x'.repeat(200_000), deadline)).toBe(false)
      expect(fields.set('another', 'x'.repeat(200_000), deadline)).toBe(false)
      fields.check()
    }
  })
})
