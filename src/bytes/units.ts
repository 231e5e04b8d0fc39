// Amounts of memory as people write them in redis.conf.

const BYTES_IN = new Map<string, bigint>([
  ['', 1n],
  ['b', 1n],
  ['k', 1000n],
  ['kb', 1024n],
  ['m', 1000_000n],
  ['mb', 1024n ** 2n],
  ['g', 1000_000_000n],
  ['gb', 1024n ** 3n],
])

/** Bytes of "64mb", "1k", "300"; a unit with k, m, g is decimal, with kb, mb, gb binary, as in redis.conf. */
export function bytesOf(text: string): bigint | undefined {
  const match = /^(\d{1,40})([a-z]*)$/i.exec(text)
  const unit = BYTES_IN.get((match?.[2] ?? '').toLowerCase())
  return match?.[1] === undefined || unit === undefined ? undefined : BigInt(match[1]) * unit
}
