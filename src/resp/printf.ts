// What C's printf makes of texts and numbers, where Redis's error texts hold some.

/** What C's `%.<limit>s` prints: at most `limit` bytes and never beyond a NUL. */
export function quoted(text: string, limit: number): string {
  const nul = text.indexOf('\0')
  return text.slice(0, nul < 0 ? limit : Math.min(nul, limit))
}

/** C's `%f`. */
export function sixDecimals(n: number): string {
  if (!Number.isFinite(n)) return n < 0 ? '-inf' : 'inf'
  if (Math.abs(n) >= 1e21) return `${BigInt(n)}.000000`
  if (n === 0) return 1 / n < 0 ? '-0.000000' : '0.000000'
  // Half-way between two texts C takes the even digit, toFixed the larger one.
  const tie = Number.isInteger(n * 128) && !Number.isInteger(n * 64)
  const text = n.toFixed(6)
  if (!tie || Number(text.at(-1)) % 2 === 0) return text
  return `${text.slice(0, -1)}${Number(text.at(-1)) - 1}`
}
