// A line on the terminal that tells how far a long work has come; nothing where standard error is no terminal.

const WIDTH = 30
const EVERY_MS = 100

export interface ProgressLine {
  readonly show: (done: number, of: number) => void
  /** Takes the line away. */
  readonly end: () => void
}

export function progressLine(what: string): ProgressLine {
  if (!process.stderr.isTTY) return { show: () => undefined, end: () => undefined }
  let shownAt = 0
  return {
    show(done, of) {
      const now = performance.now()
      if (now - shownAt < EVERY_MS) return
      shownAt = now
      const share = of === 0 ? 1 : done / of
      const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH)
      process.stderr.write(`\r${what} [${bar}] ${Math.floor(share * 100)} %`)
    },
    end: () => process.stderr.write('\r\x1b[K'),
  }
}
