// Chance, injected: a seeded generator, so that tests replay a run from its seed. Not for secrets; the hash keys of a
// real server come from the system's generator (seedFromSystem).
// Source: xoshiro128** by Blackman and Vigna; the seed is spread with splitmix32.

export class Random {
  private a: number
  private b: number
  private c: number
  private d: number

  constructor(seed: number) {
    let x = seed | 0
    const next = (): number => {
      x = (x + 0x9e3779b9) | 0
      let z = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
      return z ^ (z >>> 16)
    }
    this.a = next()
    this.b = next()
    this.c = next()
    this.d = next() | 1
  }

  /** 32 random bits as an int32. */
  int32(): number {
    const m = Math.imul(this.b, 5)
    const result = Math.imul((m << 7) | (m >>> 25), 9)
    const t = this.b << 9
    this.c ^= this.a
    this.d ^= this.b
    this.b ^= this.c
    this.a ^= this.d
    this.c ^= t
    this.d = (this.d << 11) | (this.d >>> 21)
    return result
  }

  /** 32 random bits as 0..2^32-1. */
  uint32(): number {
    return this.int32() >>> 0
  }

  /** A number in 0..bound-1, without the bias of a plain remainder. `bound` is 1..2^32. */
  below(bound: number): number {
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound)
    for (;;) {
      const x = this.uint32()
      if (x < limit) return x % bound
    }
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000
  }
}

/** 32 bits from the system's generator: seeds and hash keys of a real server. */
export function seedFromSystem(): number {
  return crypto.getRandomValues(new Int32Array(1))[0] ?? 0
}
