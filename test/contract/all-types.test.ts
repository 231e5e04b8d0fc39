// The accounts of values of all types: random commands from the rows themselves, also near the limit of memory, where they
// are refused. Whatever happened, counts and bytes are those that a walk over the entries adds up to.

import { expect, test } from 'bun:test'
import { Generator } from '../differential/generator.ts'
import { Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'

const COMMANDS = 15_000
const COMMANDS_PER_LOOK = 250
const DATABASES = 4
/** They close the connection, wait for others or empty what is to be looked at. */
const COMMANDS_USED =
  /^(?!flush|reset|hello|auth|b(l|r|z)|client|wait|.*subscribe|monitor|swapdb|select|watch|multi|exec|discard)/

function words(command: readonly string[]): string[] {
  return command.map(word => (word.length > 20_000 ? word.slice(0, 20_000) : word))
}

// None above 4 MiB: a connection with a longer reply waits for its reader.
for (const [limit, seed] of [
  ['3mb', 1],
  ['3mb', 2],
  ['200kb', 3],
  ['120kb', 4],
] as const) {
  test(`agree with the entries after random commands below ${limit} (seed ${seed})`, () => {
    using engine = new Engine({ maxmemory: limit, databases: String(DATABASES) }, seed)
    const { keys } = engine.server
    const before = keys.allocatedBytes()
    const client = engine.connect()
    const generator = new Generator(seed, COMMANDS_USED)
    for (let sent = 0; sent < COMMANDS; ) {
      for (const command of generator.next()) {
        client.call(...words(command))
        if (++sent % 50 === 0) engine.clock.advance(generator.below(3000))
        if (sent % COMMANDS_PER_LOOK === 0) recount(keys)
      }
      if (client.closed) throw new Error('the connection was closed')
    }
    expect(engine.bugs).toEqual([])
    for (let db = 0; db < DATABASES; db++) {
      client.call('SELECT', String(db))
      const names = client.call('KEYS', '*')
      if (!Array.isArray(names)) throw new Error('KEYS answers a list')
      for (const name of names) client.call('DEL', String(name))
    }
    engine.sweep()
    recount(keys)
    expect(keys.allocatedBytes()).toBe(before)
  })
}
