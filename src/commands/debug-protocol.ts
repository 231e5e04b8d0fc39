// DEBUG PROTOCOL: a reply of each type, for the tests of clients.

import { CommandError } from '../resp/errors.ts'
import type { Args } from './args.ts'
import type { Context } from './command.ts'

export const PROTOCOL_NAMES = 'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false'
const NO_PUSH = new CommandError('ERR RESP2 is not supported by this command')

const PROTOCOL: Record<string, (ctx: Context) => void> = {
  string: ctx => ctx.reply.bulkText('Hello World'),
  integer: ctx => ctx.reply.int(12345),
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: Redis's own test expects this number, it is no pi
  double: ctx => ctx.reply.double(3.141),
  bignum: ctx => ctx.reply.bigNumber('1234567999999999999999999999999999999'),
  null: ctx => ctx.reply.null(),
  array: ctx => {
    ctx.reply.array(3)
    for (let i = 0; i < 3; i++) ctx.reply.int(i)
  },
  set: ctx => {
    ctx.reply.set(3)
    for (let i = 0; i < 3; i++) ctx.reply.int(i)
  },
  map: ctx => {
    ctx.reply.map(3)
    for (let i = 0; i < 3; i++) {
      ctx.reply.int(i)
      ctx.reply.bool(i === 1)
    }
  },
  attrib: ctx => {
    if (ctx.reply.protocol === 3) {
      ctx.reply.attribute(1)
      ctx.reply.bulkText('key-popularity')
      ctx.reply.array(2)
      ctx.reply.bulkText('key:123')
      ctx.reply.int(90)
    }
    ctx.reply.bulkText('Some real reply following the attribute')
  },
  push: ctx => {
    if (ctx.reply.protocol === 2) throw NO_PUSH
    ctx.reply.push(2)
    ctx.reply.bulkText('server-cpu-usage')
    ctx.reply.int(42)
    ctx.reply.bulkText('Some real reply following the push reply')
  },
  true: ctx => ctx.reply.bool(true),
  false: ctx => ctx.reply.bool(false),
  verbatim: ctx => ctx.reply.verbatim('txt', 'This is a verbatim\nstring'),
}

export function protocol(ctx: Context, args: Args): void {
  const name = args.text(2).toLowerCase()
  const show = Object.hasOwn(PROTOCOL, name) ? PROTOCOL[name] : undefined
  if (show === undefined) {
    throw new CommandError(`ERR Wrong protocol type name. Please use one of the following: ${PROTOCOL_NAMES}`)
  }
  show(ctx)
}
