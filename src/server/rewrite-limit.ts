// Rewrites that fail again and again are tried ever more seldom (Redis's aofRewriteLimited): after the third in a row a minute
// passes, then twice as long each time, an hour at most. Whoever asks for one gets it all the same.

const MINUTE_NS = 60e9
const MOST_MINUTES = 60
const FREE_FAILURES = 3

export class RewriteLimit {
  private minutes = 0
  /** 0: no pause is on. */
  private untilNs = 0

  /** Whether a rewrite must wait that would begin by itself now; `tell` hears of each pause once. */
  holds(failedInARow: number, nowNs: number, tell: (text: string) => void): boolean {
    if (failedInARow < FREE_FAILURES) {
      this.minutes = 0
      this.untilNs = 0
      return false
    }
    if (this.untilNs !== 0) {
      if (nowNs < this.untilNs) return true
      this.untilNs = 0
      return false
    }
    this.minutes = Math.min(MOST_MINUTES, this.minutes === 0 ? 1 : 2 * this.minutes)
    this.untilNs = nowNs + this.minutes * MINUTE_NS
    tell(
      `Background AOF rewrite has repeatedly failed ${failedInARow} times and triggered the limit, will retry in ${this.minutes} minutes`,
    )
    return true
  }
}
