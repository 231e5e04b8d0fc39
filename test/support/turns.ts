// The requests of a transcript one by one, for rules that hold for every command: the test looks at the server before and
// after it sends each. What the transcript expects is of no interest here.

import type { TableRow } from '../../src/commands/table.ts'
import { type Client, Engine, type Settings } from './engine.ts'
import { bytesOf, type Reply, request } from './resp.ts'
import { readStep, rowOf, type Transcript } from './transcript.ts'

export interface Turn {
  readonly engine: Engine
  readonly words: readonly string[]
  readonly row: TableRow | undefined
  /** Sends the request; the next one comes afterwards. Undefined once the connection is closed. */
  readonly send: () => Reply | undefined
}

/** `settings` come on top of the transcript's own; `prepare` sees the server before the first request. */
export function* turns(
  script: Transcript,
  settings: Settings = {},
  prepare: (engine: Engine) => void = () => undefined,
): Generator<Turn> {
  using engine = new Engine({ ...script.settings, ...settings })
  prepare(engine)
  const clients = new Map<string, Client>()
  for (const action of script.steps.map(readStep)) {
    if (action === 'sweep') engine.sweep()
    else if ('moveMs' in action) engine.advance(action.moveMs)
    else if (action.words.length > 0) {
      const { words } = action
      const client = clients.get(action.client) ?? engine.connect()
      clients.set(action.client, client)
      const send = (): Reply | undefined => {
        if (!client.closed) client.send(bytesOf(request(words)))
        const reply = client.replies().at(-1)
        // It waits: its next request comes over another connection.
        if (reply === undefined && !client.closed) clients.delete(action.client)
        return reply
      }
      yield { engine, words, row: rowOf(words), send }
    }
  }
}
