import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Arena } from '../../src/memory/arena.ts'
import {
  wheelAdd,
  wheelAdvance,
  wheelCreate,
  wheelMoved,
  wheelNextMs,
  wheelRemove,
} from '../../src/memory/timewheel.ts'

const START = 1_717_000_000_123
const SECOND = 1000
const HOUR = 3600 * SECOND
const DAY = 24 * HOUR
/** The timer block lies behind other words of its record, as it does in real owners. */
const RECORD_BYTES = 40
const TIMER_AT = 16

/** xorshift32: the same run for the same seed. */
function generator(seed: number): () => number {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x >>> 0
  }
}

/** A wheel beside a Map from timer to deadline. */
class Timers {
  readonly a: Arena
  readonly wheel: number
  readonly model = new Map<number, number>()
  nowMs: number
  /** Calls that ended because their steps were used up. */
  pauses = 0

  constructor(nowMs = START, capacityBytes = 8 << 20) {
    this.a = new Arena(capacityBytes)
    this.nowMs = nowMs
    this.wheel = wheelCreate(this.a, nowMs)
  }

  add(deadlineMs: number): number {
    const t = this.a.alloc(RECORD_BYTES) + TIMER_AT
    wheelAdd(this.a, this.wheel, t, deadlineMs)
    this.model.set(t, deadlineMs)
    return t
  }

  remove(t: number): void {
    wheelRemove(this.a, this.wheel, t)
    this.model.delete(t)
    this.a.free(t - TIMER_AT)
  }

  /** The owner's record is written anew elsewhere, and the old bytes are used for something else. */
  move(t: number): void {
    const { u8 } = this.a
    const to = this.a.alloc(RECORD_BYTES) + TIMER_AT
    u8.copyWithin(to, t, t + 16)
    this.a.free(t - TIMER_AT)
    u8.fill(0xee, t, t + 16)
    wheelMoved(this.a, this.wheel, t, to)
    this.model.set(to, this.model.get(t) as number)
    this.model.delete(t)
  }

  /** Pulls all that is due; returns the deadlines in the order of delivery. */
  drain(maxSteps = 100): number[] {
    const fired: number[] = []
    for (;;) {
      const t = wheelAdvance(this.a, this.wheel, this.nowMs, maxSteps)
      if (t === 0) return fired
      if (t < 0) {
        this.pauses++
        continue
      }
      const deadline = this.model.get(t)
      if (deadline === undefined) throw new Error(`fired ${t}, which is no timer`)
      expect(this.a.f64[t >> 3]).toBe(deadline)
      fired.push(deadline)
      this.model.delete(t)
      this.a.free(t - TIMER_AT)
    }
  }

  /** Drains, and checks that nothing fired early and nothing is left whose millisecond has come. */
  drainExactly(): void {
    for (const deadline of this.drain()) expect(deadline).toBeLessThanOrEqual(this.nowMs)
    const late = [...this.model.values()].filter(deadline => Math.ceil(deadline) <= Math.floor(this.nowMs))
    expect(late).toEqual([])
  }
}

const distance = fc.oneof(
  fc.integer({ min: -1000, max: 300 }),
  fc.integer({ min: 0, max: 40 * SECOND }),
  fc.integer({ min: 0, max: 2 * HOUR }),
  fc.integer({ min: 0, max: 900 * DAY }),
  fc.double({ min: -2, max: 600, noNaN: true }),
  fc.constantFrom(0, 127, 128, 255, 256, 16384, 32767, 32768, 2 ** 28, 2 ** 35, 2 ** 36, 2 ** 52, -START),
)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), by: distance }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), by: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), by: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), by: distance.map(Math.abs) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('set back' as const), by: distance.map(Math.abs) }) },
)

function play(timers: Timers, steps: readonly { do: string; by: number }[]): void {
  for (const { do: what, by } of steps) {
    const live = [...timers.model.keys()]
    const one = live[by % live.length]
    if (what === 'add') timers.add(timers.nowMs + by)
    else if (what === 'remove' && one !== undefined) timers.remove(one)
    else if (what === 'move' && one !== undefined) timers.move(one)
    else if (what === 'pass') {
      timers.nowMs += Math.min(by, 3000 * DAY)
      timers.drainExactly()
    } else if (what === 'set back') timers.nowMs -= Math.min(by, 30 * DAY)
  }
}

describe('timers', () => {
  test('each fires once, not before its deadline and in its millisecond, whatever is added, removed, moved, and however the clock jumps', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), steps => {
        const timers = new Timers()
        play(timers, steps)
        timers.nowMs = 2 ** 52 + 2 ** 51
        timers.drainExactly()
        expect(timers.model.size).toBe(0)
        expect(wheelNextMs(timers.a, timers.wheel)).toBe(Number.POSITIVE_INFINITY)
      }),
      { numRuns: 150 },
    )
  })

  test('a caller that sleeps until wheelNextMs delivers each in its millisecond', () => {
    fc.assert(
      fc.property(fc.array(distance, { maxLength: 100, size: 'max' }), distances => {
        const timers = new Timers()
        for (const by of distances) timers.add(timers.nowMs + Math.min(by, 400 * DAY))
        timers.drainExactly()
        for (let wakes = 0; timers.model.size > 0; wakes++) {
          const next = wheelNextMs(timers.a, timers.wheel)
          expect(next).toBeGreaterThan(timers.nowMs)
          expect(next).toBeLessThanOrEqual(Math.ceil(Math.min(...timers.model.values())))
          expect(wakes).toBeLessThan(20 + distances.length * 8)
          timers.nowMs = next
          timers.drainExactly()
        }
      }),
      { numRuns: 60 },
    )
  })

  test('one timer far away wakes the caller only a few times', () => {
    for (const by of [SECOND, HOUR, 30 * DAY, 365 * DAY]) {
      const timers = new Timers()
      timers.add(START + by)
      let wakes = 0
      for (; timers.model.size > 0; wakes++) {
        timers.nowMs = wheelNextMs(timers.a, timers.wheel)
        timers.drainExactly()
      }
      expect(timers.nowMs).toBe(START + by)
      expect(wakes).toBeLessThanOrEqual(5)
    }
  })

  test('a bucket whose first millisecond already holds a timer below still moves down before the clock passes it', () => {
    const turn = Math.ceil(START / 128) * 128
    const timers = new Timers(turn)
    timers.add(turn + 256 + 5)
    timers.nowMs = turn + 128
    timers.drainExactly()
    timers.add(turn + 256)
    timers.nowMs = turn + 300
    timers.drainExactly()
    expect(timers.model.size).toBe(0)
  })

  test('a deadline that is no number fires at once', () => {
    const timers = new Timers()
    const t = timers.add(Number.NaN)
    expect(wheelAdvance(timers.a, timers.wheel, START, 10)).toBe(t)
  })

  test('a timer added while the clock was ahead fires at its time after the clock is set back', () => {
    const timers = new Timers()
    timers.nowMs = START - HOUR
    timers.add(START - HOUR + 10)
    timers.drainExactly()
    expect(timers.model.size).toBe(1)
    timers.nowMs += 10
    timers.drainExactly()
    expect(timers.model.size).toBe(0)
  })

  test('a wheel is 10 KB at most, and none is made without room', () => {
    const a = new Arena(1 << 20)
    wheelCreate(a, START)
    expect(a.allocatedBytes).toBeLessThanOrEqual(10 * 1024)
    while (a.alloc(4096) !== 0) expect(a.allocatedBytes).toBeLessThan(1 << 20)
    while (a.alloc(8) !== 0) expect(a.allocatedBytes).toBeLessThan(1 << 20)
    expect(wheelCreate(a, START)).toBe(0)
  })
})

describe('work', () => {
  test('a jump over years costs a few steps, not one per millisecond', () => {
    const timers = new Timers()
    timers.add(START + 10)
    timers.add(START + 20 * 365 * DAY)
    timers.nowMs += 19 * 365 * DAY
    expect(timers.drain(100)).toEqual([START + 10])
    expect(timers.pauses).toBeLessThan(3)
  })

  test('no call does more than its steps: a full bucket that is overtaken moves down over many calls', () => {
    const timers = new Timers(START, 32 << 20)
    const n = 100_000
    for (let i = 0; i < n; i++) timers.add(START + HOUR + (i & 1023))
    timers.nowMs = START + 2 * HOUR
    let calls = 0
    while (wheelAdvance(timers.a, timers.wheel, timers.nowMs, 100) < 0) calls++
    // Nothing has fired yet: at least one bucket of them had to come down first.
    expect(calls).toBeGreaterThan(100)
    timers.drain(100)
    // Each timer came down two levels or more, at most 100 at a time.
    expect(timers.pauses + calls).toBeGreaterThan((2 * n) / 100)
    expect(timers.model.size).toBe(1)
  })

  test('100,000 timers of one millisecond arrive in it though each millisecond before has one call of 2000 steps', () => {
    const timers = new Timers(START, 32 << 20)
    const n = 100_000
    const due = START + 60 * SECOND
    for (let i = 0; i < n; i++) timers.add(due)
    for (timers.nowMs = START; timers.nowMs < due; timers.nowMs++) {
      const answer = wheelAdvance(timers.a, timers.wheel, timers.nowMs, 2000)
      if (answer !== 0) expect(answer).toBe(0)
    }
    expect(timers.drain(1)).toHaveLength(n)
    expect(timers.pauses).toBeLessThan(10)
  })

  test('a million timers over hours fire on time in strides of 25 ms', () => {
    const random = generator(7)
    const a = new Arena(128 << 20)
    const wheel = wheelCreate(a, START)
    const n = 1_000_000
    const span = 2 * HOUR
    let kept = 0
    for (let i = 0; i < n; i++) {
      const t = a.alloc(16)
      wheelAdd(a, wheel, t, START + 1 + (random() % span))
      if (i % 4 === 0) wheelRemove(a, wheel, t)
      else kept++
    }
    let latest = 0
    let pauses = 0
    for (let now = START; now <= START + span + 25; now += 25) {
      for (let t = wheelAdvance(a, wheel, now, 1000); t !== 0; t = wheelAdvance(a, wheel, now, 1000)) {
        if (t < 0) pauses++
        else {
          kept--
          latest = Math.max(latest, now - a.f64[t >> 3])
        }
      }
    }
    expect(kept).toBe(0)
    expect(latest).toBeLessThan(25)
    expect(pauses).toBe(0)
  })
})
