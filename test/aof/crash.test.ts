// A server that writes an append-only file is killed in the middle of its work, again and again: what it holds when it comes
// back is a prefix of what it was told, transactions whole, and with appendfsync always at least all that it has answered.

import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { Wire } from '../differential/wire.ts'
import { ReplyReader, request } from '../support/resp.ts'
import { directory, startServer } from '../support/server.ts'

const KILLS = Bun.env.KVNS_LONG_TESTS === '1' ? 70 : 4
const MOST_MS = 400
/** Requests on their way. */
const AHEAD = 200

/** Writes until the server is gone: number i goes to two lists, every third time in a transaction. Returns the answered. */
async function write(port: number, from: number): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  const reader = new ReplyReader()
  let next = from
  let answered = from
  /** Replies that each number waits for. */
  const waiting: number[] = []
  const send = (): void => {
    let text = ''
    while (next - answered < AHEAD) {
      const n = String(next)
      const both = [request(['RPUSH', 'one', n]), request(['RPUSH', 'w1/two', n])]
      const isWhole = next % 3 === 0
      text += isWhole ? [request(['MULTI']), ...both, request(['EXEC'])].join('') : both.join('')
      waiting.push(isWhole ? 4 : 2)
      next++
    }
    socket.write(text, 'latin1')
  }
  socket.on('data', (chunk: Buffer) => {
    reader.feed(chunk)
    while (reader.next() !== undefined) {
      waiting[0] = (waiting[0] ?? 0) - 1
      if (waiting[0] !== 0) continue
      waiting.shift()
      answered++
    }
    send()
  })
  socket.on('error', () => undefined)
  send()
  await new Promise(done => socket.once('close', done))
  return answered
}

async function lists(port: number): Promise<readonly [one: string[], two: string[]]> {
  const wire = await Wire.open(port)
  const replies = await wire.batch([
    ['LRANGE', 'one', '0', '-1'],
    ['LRANGE', 'w1/two', '0', '-1'],
  ])
  const [one, two] = replies.map(text => {
    const reader = new ReplyReader()
    reader.feed(Buffer.from(text, 'latin1'))
    return (reader.next() as string[]).map(String)
  })
  return [one as string[], two as string[]]
}

test.each(['always', 'everysec', 'no'])(
  `killed ${KILLS} times with appendfsync %s`,
  async appendfsync => {
    using place = directory()
    const flags = ['--appendonly', 'yes', '--appendfsync', appendfsync, '--dir', place.path]
    let answered = 0
    for (let kill = 0; kill <= KILLS; kill++) {
      await using server = await startServer({ flags, dir: place.path })
      const [one, two] = await lists(server.port)
      const numbers = Array.from({ length: Math.max(one.length, two.length) }, (_, i) => String(i))
      expect(one).toEqual(numbers.slice(0, one.length))
      expect(two).toEqual(numbers.slice(0, two.length))
      // One without the other: the one is written first, and outside of a transaction only.
      expect(one.length - two.length === 0 || (one.length - two.length === 1 && two.length % 3 !== 0)).toBe(true)
      if (appendfsync === 'always') expect(two.length).toBeGreaterThanOrEqual(answered)
      // Now and then the last number is there in one list only.
      const wire = await Wire.open(server.port)
      if (one.length > two.length) await wire.batch([['RPUSH', 'w1/two', String(two.length)]])
      if (kill === KILLS) break
      const writing = write(server.port, one.length)
      if (kill % 2 === 1) await wire.batch([['BGREWRITEAOF']])
      await Bun.sleep(Math.random() * MOST_MS)
      server.process.child.kill('SIGKILL')
      answered = await writing
    }
    expect(answered).toBeGreaterThan(0)
  },
  600_000,
)
