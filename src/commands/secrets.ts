// Which words of a request nobody is shown, neither by MONITOR nor by SLOWLOG: passwords. Rows say it (`secrets`).

import type { Args } from './args.ts'
import type { Services } from './services.ts'
import type { TableRow } from './table.ts'

const NONE: ReadonlySet<number> = new Set()

export function secretWords({ row }: TableRow, args: Args, services: Services): ReadonlySet<number> {
  return row.secrets === undefined ? NONE : new Set(row.secrets(args, services))
}
