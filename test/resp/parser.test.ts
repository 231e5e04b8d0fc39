// The parser against streams cut in every way: what comes out depends on the bytes alone.

import { describe, expect, spyOn, test } from 'bun:test'
import fc from 'fast-check'
import { COMMAND, MORE, ParserLimits, PROTOCOL_ERROR, RequestParser } from '../../src/resp/parser.ts'
import { Request } from '../../src/resp/request.ts'
import { argumentsOf, cut, latin1, multibulk, parse } from './stream.ts'

const limits = new ParserLimits()

/** Bytes that mean something to the protocol come more often than by chance. */
const byteText = fc
  .array(fc.oneof(fc.constantFrom(10, 13, 36, 42, 48, 0), fc.integer({ min: 0, max: 255 })), { maxLength: 40 })
  .map(codes => String.fromCharCode(...codes))
const command = fc.array(byteText, { minLength: 1, maxLength: 20 })
const word = fc.string({ unit: fc.constantFrom('a', 'b', '7'), minLength: 1, maxLength: 8 })
/** One piece of a stream and the command it means, or none. */
const piece = fc.oneof(
  command.map(args => ({ bytes: multibulk(args), args })),
  fc.array(word, { minLength: 1, maxLength: 5 }).map(args => ({ bytes: `${args.join(' ')}\r\n`, args })),
  fc.array(word, { minLength: 1, maxLength: 5 }).map(args => ({ bytes: ` ${args.join('  ')}\n`, args })),
  fc.constantFrom('\r\n', '\n', '*0\r\n', '*-1\r\n', '*-7\r\n', '  \r\n').map(bytes => ({ bytes, args: [] })),
)
const stream = fc.array(piece, { maxLength: 12 })
const lengths = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 8 })

function meaning(pieces: readonly { args: string[] }[]): string[][] {
  return pieces.filter(({ args }) => args.length > 0).map(({ args }) => args)
}

describe('commands', () => {
  test('a pipeline in one chunk gives each command in turn', () => {
    const text = multibulk(['SET', 'k', 'v']) + multibulk(['GET', 'k']) + multibulk(['PING'])
    expect(parse(limits, [latin1(text)])).toEqual({ commands: [['SET', 'k', 'v'], ['GET', 'k'], ['PING']], error: '' })
  })

  test('arguments in place are offsets into the chunk itself', () => {
    const chunk = latin1(multibulk(['GET', 'key']))
    const parser = new RequestParser(limits)
    const request = new Request()
    parser.feed(chunk)
    expect(parser.next(request)).toBe(COMMAND)
    expect(request.buf).toBe(chunk)
    expect(argumentsOf(request)).toEqual(['GET', 'key'])
  })

  test('a stream of commands means what was put in, in one chunk and in chunks of any size', () => {
    fc.assert(
      fc.property(stream, lengths, (pieces, sizes) => {
        const bytes = latin1(pieces.map(({ bytes }) => bytes).join(''))
        const expected = { commands: meaning(pieces), error: '' }
        expect(parse(limits, [bytes])).toEqual(expected)
        expect(parse(limits, cut(bytes, sizes))).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  test('a stream of commands cut in two at any byte means the same', () => {
    fc.assert(
      fc.property(stream, pieces => {
        const bytes = latin1(pieces.map(({ bytes }) => bytes).join(''))
        const expected = { commands: meaning(pieces), error: '' }
        for (let at = 1; at < bytes.length; at++)
          expect(parse(limits, cut(bytes, [at, bytes.length]))).toEqual(expected)
      }),
      { numRuns: 15 },
    )
  })

  test('damaged streams throw nothing, and cutting them changes nothing', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(stream, damage, lengths, (pieces, changes, sizes) => {
        const bytes = latin1(pieces.map(({ bytes }) => bytes).join(''))
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value
        const whole = parse(limits, [bytes])
        expect(parse(limits, cut(bytes, sizes))).toEqual(whole)
        expect(parse(limits, cut(bytes, [1]))).toEqual(whole)
      }),
      { numRuns: 500 },
    )
  })

  test('the two bytes after a bulk are not looked at', () => {
    expect(parse(limits, [latin1('*1\r\n$4\r\nPINGxy*1\r\n$4\r\nPING\r\n')]).commands).toEqual([['PING'], ['PING']])
  })

  test('the byte after the CR of a length line is not looked at', () => {
    expect(parse(limits, [latin1('*1\rx$4\ryPING\r\n')]).commands).toEqual([['PING']])
  })

  test('arguments may be empty', () => {
    expect(parse(limits, [latin1('*2\r\n$0\r\n\r\n$0\r\n\r\n')]).commands).toEqual([['', '']])
  })

  test('parsers that share a request do not disturb each other', () => {
    const request = new Request()
    const one = new RequestParser(limits)
    const other = new RequestParser(limits)
    one.feed(latin1('*2\r\n$3\r\nGET\r\n$1\r\n'))
    expect(one.next(request)).toBe(MORE)
    other.feed(latin1(multibulk(['SET', 'a', 'b', 'c'])))
    expect(other.next(request)).toBe(COMMAND)
    one.feed(latin1('k\r\n'))
    expect(one.next(request)).toBe(COMMAND)
    expect(argumentsOf(request)).toEqual(['GET', 'k'])
  })
})

describe('inline commands', () => {
  test('words are split as on a command line, after CR LF or a bare LF', () => {
    const text = 'SET k "a b"\r\nGET k\nECHO \'it\\\'s\'\r\nECHO "\\x00\\n"\n'
    expect(parse(limits, [latin1(text)]).commands).toEqual([
      ['SET', 'k', 'a b'],
      ['GET', 'k'],
      ['ECHO', "it's"],
      ['ECHO', '\0\n'],
    ])
  })

  test('the first byte of each command decides between inline and multibulk', () => {
    const text = `PING\r\n${multibulk(['GET', '*1'])}$3\r\nPING *\n`
    expect(parse(limits, [latin1(text)]).commands).toEqual([['PING'], ['GET', '*1'], ['$3'], ['PING', '*']])
  })

  test('a line of exactly the limit is taken, one byte more is not', () => {
    const longest = 'a'.repeat(limits.maxInlineBytes)
    expect(parse(limits, [latin1(`${longest}\n`)]).commands).toEqual([[longest]])
    expect(parse(limits, [latin1(`${longest}a\n`)]).error).toBe('ERR Protocol error: too big inline request')
  })
})

describe('protocol errors', () => {
  const long = 'x'.repeat(65600)
  const digits = '1'.repeat(65600)
  const table: [bytes: string, error: string][] = [
    ['*x\r\n', 'invalid multibulk length'],
    ['*\r\n', 'invalid multibulk length'],
    ['*03\r\n', 'invalid multibulk length'],
    ['*+3\r\n', 'invalid multibulk length'],
    ['*-0\r\n', 'invalid multibulk length'],
    ['* 3\r\n', 'invalid multibulk length'],
    ['*1048577\r\n', 'invalid multibulk length'],
    ['*3000000000\r\n', 'invalid multibulk length'],
    ['*9223372036854775807\r\n', 'invalid multibulk length'],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*-9223372036854775809\r\n', 'invalid multibulk length'],
    ['*1\n$4\nPING\n\r\n', 'invalid multibulk length'],
    [`*${digits}`, 'too big mbulk count string'],
    [`*${digits}\r\n`, 'too big mbulk count string'],
    ['*1\r\nfoo\r\n', "expected '$', got 'f'"],
    ['*1\r\n\r\n', "expected '$', got '\r'"],
    ['*2\r\n$1\r\na\r\n:1\r\n', "expected '$', got ':'"],
    ['*1\r\n$x\r\n', 'invalid bulk length'],
    ['*1\r\n$\r\n', 'invalid bulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$01\r\n', 'invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length'],
    ['*1\r\n$99999999999\r\n', 'invalid bulk length'],
    ['*1\r\n$9999999999999999999999\r\n', 'invalid bulk length'],
    [`*1\r\n$${digits}`, 'too big bulk count string'],
    [`*1\r\n${long}\r\n`, 'too big bulk count string'],
    [long, 'too big inline request'],
    ['SET k "v\r\n', 'unbalanced quotes in request'],
    ["SET k 'v\r\n", 'unbalanced quotes in request'],
    ['SET k "v"x\r\n', 'unbalanced quotes in request'],
  ]

  test.each(table.map(([bytes, error]) => [`${JSON.stringify(bytes).slice(0, 40)}: ${error}`, bytes, error]))(
    '%s',
    (_, bytes, error) => {
      const text = `PING\r\n${bytes}`
      const expected = { commands: [['PING']], error: `ERR Protocol error: ${error}` }
      expect(parse(limits, [latin1(text)])).toEqual(expected)
      expect(parse(limits, cut(latin1(text), [1]))).toEqual(expected)
      expect(parse(limits, cut(latin1(text), [60000]))).toEqual(expected)
    },
  )

  test('a large negative count is ignored like any other', () => {
    expect(parse(limits, [latin1('*-9223372036854775808\r\n*1\r\n$4\r\nPING\r\n')]).commands).toEqual([['PING']])
  })

  test('nothing is read after an error', () => {
    const parser = new RequestParser(limits)
    const request = new Request()
    parser.feed(latin1('*x\r\n*1\r\n$4\r\nPING\r\n'))
    expect(parser.next(request)).toBe(PROTOCOL_ERROR)
    expect(parser.next(request)).toBe(PROTOCOL_ERROR)
    parser.feed(latin1('PING\r\n'))
    expect(parser.next(request)).toBe(PROTOCOL_ERROR)
    expect(parser.pendingBytes).toBe(0)
  })

  test('limits hold at their edge and may change between commands', () => {
    const tight = new ParserLimits()
    tight.maxArguments = 3
    tight.maxBulkBytes = 5
    expect(parse(tight, [latin1(multibulk(['a', 'b', '12345']))]).commands).toHaveLength(1)
    expect(parse(tight, [latin1(multibulk(['a', 'b', 'c', 'd']))]).error).toEndWith('invalid multibulk length')
    expect(parse(tight, [latin1(multibulk(['123456']))]).error).toEndWith('invalid bulk length')
    tight.maxBulkBytes = 6
    expect(parse(tight, [latin1(multibulk(['123456']))]).commands).toHaveLength(1)
  })

  test('a cut command that grows beyond the limit for requests is refused', () => {
    const tight = new ParserLimits()
    tight.maxRequestBytes = 5000
    const bytes = latin1(multibulk(['MSET', ...Array<string>(100).fill('x'.repeat(100))]))
    expect(parse(tight, cut(bytes, [64])).error).toBe('ERR Protocol error: too big request')
  })
})

describe('before authentication', () => {
  const ten = Array<string>(10).fill('a')

  test('ten arguments are taken, eleven are refused', () => {
    expect(parse(limits, [latin1(multibulk(ten))], 'no').commands).toEqual([ten])
    const error = 'ERR Protocol error: unauthenticated multibulk length'
    expect(parse(limits, [latin1(multibulk([...ten, 'b']))], 'no')).toEqual({ commands: [], error })
  })

  test('a bulk of 16384 bytes is taken, one byte more is refused', () => {
    const value = 'v'.repeat(16384)
    expect(parse(limits, [latin1(multibulk(['AUTH', value]))], 'no').commands).toEqual([['AUTH', value]])
    const error = 'ERR Protocol error: unauthenticated bulk length'
    expect(parse(limits, [latin1(multibulk(['AUTH', `${value}v`]))], 'no')).toEqual({ commands: [], error })
  })

  test('an invalid length is named as such first', () => {
    expect(parse(limits, [latin1('*1\r\n$536870913\r\n')], 'no').error).toEndWith(': invalid bulk length')
    expect(parse(limits, [latin1('*1048577\r\n')], 'no').error).toEndWith(': invalid multibulk length')
  })

  test('a command in the pipeline may lift the limit for the next', () => {
    const parser = new RequestParser(limits)
    parser.authenticated = false
    const request = new Request()
    parser.feed(latin1(multibulk(['AUTH', 'secret']) + multibulk([...ten, 'b'])))
    expect(parser.next(request)).toBe(COMMAND)
    parser.authenticated = true
    expect(parser.next(request)).toBe(COMMAND)
    expect(request.count).toBe(11)
  })
})

describe('what is held', () => {
  test('pendingBytes counts what is not handed out', () => {
    const parser = new RequestParser(limits)
    const request = new Request()
    parser.feed(latin1(`${multibulk(['PING'])}*2\r\n$3\r\nGE`))
    expect(parser.pendingBytes).toBe(24)
    parser.next(request)
    expect(parser.pendingBytes).toBe(10)
    expect(parser.next(request)).toBe(MORE)
    expect(parser.pendingBytes).toBe(10)
    parser.feed(latin1('T\r\n$1\r\nk\r\n'))
    parser.next(request)
    expect(parser.pendingBytes).toBe(0)
    parser.feed(latin1('*2'))
    parser.next(request)
    parser.release()
    expect(parser.pendingBytes).toBe(0)
  })

  test('chunks that arrive while commands are left are joined, and a request handed out stays as it is', () => {
    const parser = new RequestParser(limits)
    const request = new Request()
    const bytes = latin1(Array.from({ length: 200 }, (_, i) => multibulk(['RPUSH', 'list', `v${i}`])).join(''))
    const seen: string[][] = []
    for (const chunk of cut(bytes, [50, 7, 120])) {
      // As for a client that is blocked most of the time: at most one command is taken for each chunk that arrives.
      parser.feed(chunk)
      if (parser.next(request) !== COMMAND) continue
      parser.feed(new Uint8Array(0))
      seen.push(argumentsOf(request))
    }
    while (parser.next(request) === COMMAND) seen.push(argumentsOf(request))
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => ['RPUSH', 'list', `v${i}`]))
  })

  test('an announced length reserves nothing', () => {
    const request = new Request()
    const copied = countCopies(() => {
      for (let i = 0; i < 1000; i++) {
        const parser = new RequestParser(limits)
        parser.feed(latin1('*1000000\r\n$536870912\r\nabc'))
        expect(parser.next(request)).toBe(MORE)
        expect(pendingCapacity(parser)).toBeLessThan(256)
      }
    })
    expect(copied).toBeLessThan(100_000)
  })

  test('the table of arguments of one huge command is not kept', () => {
    const request = new Request()
    const parser = new RequestParser(limits)
    parser.feed(latin1(multibulk(Array<string>(100_000).fill('a'))))
    expect(parser.next(request)).toBe(COMMAND)
    expect(request.count).toBe(100_000)
    expect(parser.next(request)).toBe(MORE)
    expect(request.starts.length).toBeLessThan(1000)
    expect(request.buf.length).toBe(0)
  })
})

describe('cost', () => {
  test('a value of 64 MiB in chunks of 64 KiB is copied at most three times', () => {
    const valueBytes = 64 * 1024 * 1024
    const parser = new RequestParser(limits)
    const request = new Request()
    const chunk = new Uint8Array(65536).fill(0x61)
    const copied = countCopies(() => {
      parser.feed(latin1(`*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$${valueBytes}\r\n`))
      expect(parser.next(request)).toBe(MORE)
      for (let sent = 0; sent < valueBytes; sent += chunk.length) {
        parser.feed(chunk)
        expect(parser.next(request)).toBe(MORE)
      }
      parser.feed(latin1('\r\n'))
      expect(parser.next(request)).toBe(COMMAND)
    })
    expect(request.ends[2] - request.starts[2]).toBe(valueBytes)
    expect(copied).toBeLessThan(3 * valueBytes)
    expect(request.buf.length).toBeLessThan(valueBytes + 1000)
  })

  test('500,000 arguments in chunks of 1 KiB are copied at most four times', () => {
    const args = Array.from({ length: 500_000 }, (_, i) => `k${i}`)
    const bytes = latin1(multibulk(args))
    const parser = new RequestParser(limits)
    const request = new Request()
    let answer = MORE
    const copied = countCopies(() => {
      for (const chunk of cut(bytes, [1024])) {
        parser.feed(chunk)
        answer = parser.next(request)
      }
    })
    expect(answer).toBe(COMMAND)
    expect(request.count).toBe(500_000)
    expect(argumentsOf(request)).toEqual(args)
    // Twice 4 bytes of table for each argument are copied as well.
    expect(copied).toBeLessThan(4 * (bytes.length + 8 * args.length))
  })

  test('a pipeline cut into chunks copies little more than the cut commands', () => {
    const one = multibulk(['SET', 'key', 'v'.repeat(64)])
    const bytes = latin1(one.repeat(10_000))
    const parser = new RequestParser(limits)
    const request = new Request()
    let commands = 0
    const copied = countCopies(() => {
      for (const chunk of cut(bytes, [16384])) {
        parser.feed(chunk)
        while (parser.next(request) === COMMAND) commands++
      }
    })
    expect(commands).toBe(10_000)
    expect(copied).toBeLessThan((bytes.length / 16384) * 4 * one.length)
  })
})

/** Bytes that typed arrays copied while `work` ran: the parser copies in no other way. */
function countCopies(work: () => void): number {
  let bytes = 0
  const spies = [Uint8Array.prototype, Int32Array.prototype].map(prototype => {
    const set = prototype.set
    return spyOn(prototype, 'set').mockImplementation(function (this: unknown, source: ArrayLike<number>, at?: number) {
      bytes += (source as Uint8Array).byteLength
      return set.call(this as Uint8Array & Int32Array, source, at)
    })
  })
  try {
    work()
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return bytes
}

function pendingCapacity(parser: RequestParser): number {
  const { pending } = parser as unknown as { pending: { buf: Uint8Array } }
  return pending.buf.length
}
