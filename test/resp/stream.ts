// What the tests of the parser share: bytes from text, and all that a parser makes of a list of chunks.

import { COMMAND, type ParserLimits, PROTOCOL_ERROR, RequestParser } from '../../src/resp/parser.ts'
import { Request } from '../../src/resp/request.ts'

/** What came out: each command as its arguments, one char per byte, and the error that ended it, or ''. */
export interface Outcome {
  commands: string[][]
  error: string
}

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, char => char.charCodeAt(0))
}

export function multibulk(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map(arg => `$${arg.length}\r\n${arg}\r\n`).join('')}`
}

export function argumentsOf(request: Request): string[] {
  const args: string[] = []
  for (let i = 0; i < request.count; i++) {
    args.push(Buffer.from(request.buf.subarray(request.starts[i], request.ends[i])).toString('latin1'))
  }
  return args
}

/** Feeds each chunk to one parser, `request` being shared as in a server, and takes all commands after each. */
export function parse(
  limits: ParserLimits,
  chunks: Iterable<Uint8Array>,
  authenticated: 'yes' | 'no' = 'yes',
): Outcome {
  const parser = new RequestParser(limits)
  parser.authenticated = authenticated === 'yes'
  const request = new Request()
  const commands: string[][] = []
  for (const chunk of chunks) {
    parser.feed(chunk)
    let answer = parser.next(request)
    for (; answer === COMMAND; answer = parser.next(request)) commands.push(argumentsOf(request))
    if (answer === PROTOCOL_ERROR) return { commands, error: parser.error }
  }
  return { commands, error: '' }
}

/** Cuts `bytes` into pieces of the given lengths, over and over. The pieces are copies, as a socket's are. */
export function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const end = Math.min(bytes.length, at + Math.max(1, lengths[i % lengths.length]))
    yield bytes.slice(at, end)
    at = end
  }
}
