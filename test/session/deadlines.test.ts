import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Deadlines, type Ending } from '../../src/session/deadlines.ts'

test('the earliest is on top, whatever was added and taken out', () => {
  const step = fc.oneof(
    fc.nat(50).map(untilMs => ({ untilMs })),
    fc.nat(100).map(remove => ({ remove })),
  )
  fc.assert(
    fc.property(fc.array(step), steps => {
      const heap = new Deadlines<Ending>()
      const model: Ending[] = []
      for (const s of steps) {
        if ('untilMs' in s) {
          const item = { untilMs: s.untilMs, heapAt: -1 }
          heap.add(item)
          model.push(item)
        } else if (model.length > 0) heap.remove(model.splice(s.remove % model.length, 1)[0] as Ending)
        expect(heap.size).toBe(model.length)
        expect(heap.earliest?.untilMs).toBe(model.length === 0 ? undefined : Math.min(...model.map(m => m.untilMs)))
      }
    }),
  )
})
