// What settings take and print: every kind against Redis's rules, and the one law for all rows: what CONFIG GET prints
// can be set back.
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  BadValue,
  bool,
  clampedInteger,
  integer,
  type Kind,
  LONG_MAX,
  memory,
  memoryOrPercent,
  octal,
  oneOf,
  parseText,
  printBytes,
  someOf,
} from '../../src/server/config/kinds.ts'
import {
  fileName,
  keyspaceEvents,
  logLevel,
  outputBufferLimits,
  percentiles,
  portOrOff,
  savePoints,
  titleTemplate,
} from '../../src/server/config/structured-kinds.ts'
import { allSettings } from '../../src/server/config/table.ts'

function problem(kind: Kind<unknown>, text: string): string {
  try {
    return `took ${kind.print(parseText(kind, text))}`
  } catch (error) {
    if (error instanceof BadValue) return error.message
    throw error
  }
}

function printed(kind: Kind<unknown>, text: string): string {
  return kind.print(parseText(kind, text))
}

describe('every row', () => {
  for (const setting of allSettings().filter(({ name }) => name !== 'dir')) {
    test(`${setting.name}: the default is in the form CONFIG GET prints`, () => {
      expect(printed(setting.kind, setting.default)).toBe(setting.default)
    })
  }

  test('names, flags and older names do not collide', () => {
    const names = allSettings().flatMap(({ name, flag, aliases }) => [...new Set([name, flag, ...aliases])])
    expect(names.length).toBe(new Set(names).size)
  })
})

describe('numbers', () => {
  test('an integer has no plus, no leading zero and no rest', () => {
    for (const text of ['', '+5', '007', '-0', '1.5', '5b', 'x']) {
      expect(problem(integer(0n, 10n), text)).toBe("argument couldn't be parsed into an integer")
    }
  })

  test('the ends of a range belong to it', () => {
    expect([printed(integer(-2n, 3n), '-2'), printed(integer(-2n, 3n), '3')]).toEqual(['-2', '3'])
    expect(problem(integer(-2n, 3n), '4')).toBe('argument must be between -2 and 3 inclusive')
    expect(problem(integer(-2n, 3n), '-3')).toBe('argument must be between -2 and 3 inclusive')
  })

  test('a number above what a double holds saturates and can be set back', () => {
    expect(printed(integer(0n, LONG_MAX), '9223372036854775807')).toBe('9007199254740991')
  })

  test('a clamped number is drawn into its range', () => {
    expect(['0', '10', '900'].map(text => printed(clampedInteger(0n, 1000n, 1, 500), text))).toEqual(['1', '10', '500'])
  })

  test('k, m and g are decimal, kb, mb and gb binary, in any case', () => {
    const bytes = ['5', '5b', '2k', '2Kb', '3m', '3MB', '1g', '1gB'].map(text => printed(memory(0n, LONG_MAX), text))
    expect(bytes.map(Number)).toEqual([5, 5, 2000, 2048, 3_000_000, 3 * 1024 ** 2, 1e9, 1024 ** 3])
    expect(problem(memory(0n, LONG_MAX), '1gbb')).toBe('argument must be a memory value')
    expect(problem(memory(0n, LONG_MAX), '-1')).toBe('argument must be a memory value')
  })

  test('the short form of any number of bytes reads back', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom(1, 1024, 1024 ** 2, 1024 ** 3), (n, unit) => {
        const bytes = Math.floor(n / unit) * unit
        expect(parseText(memory(0n, LONG_MAX), printBytes(bytes))).toBe(bytes)
      }),
    )
  })

  test('a percentage is kept as one and has a limit', () => {
    expect(['10%', '1mb', '0%'].map(text => printed(memoryOrPercent(100), text))).toEqual(['10%', '1048576', '0'])
    expect(problem(memoryOrPercent(100), '200%')).toBe('percentage argument must be less or equal to 100')
    expect(problem(memoryOrPercent(100), 'x')).toBe('argument must be a memory or percent value')
  })

  test('a file mode is octal', () => {
    expect(parseText(octal(0, 0o777), '700')).toBe(0o700)
    expect(problem(octal(0, 0o777), '1777')).toBe('argument must be between 0 and 777 inclusive')
    expect(problem(octal(0, 0o777), '888')).toBe("argument couldn't be parsed as an octal number")
  })
})

describe('words', () => {
  test('yes and no in any case, and nothing else', () => {
    expect([parseText(bool(), 'YES'), parseText(bool(), 'no')]).toEqual([true, false])
    expect(problem(bool(), 'true')).toBe("argument must be 'yes' or 'no'")
  })

  test('one of several names; a synonym is kept under its name', () => {
    const kind = oneOf(['no', 'yes', 'relative'], { relative: 'yes' })
    expect([printed(kind, 'RELATIVE'), printed(kind, 'no')]).toEqual(['yes', 'no'])
    expect(problem(kind, 'x')).toBe('argument(s) must be one of the following: no, yes, relative')
  })

  test('some of several names come out in the order of the table, once', () => {
    const kind = someOf('default', ['save', 'now', 'force'])
    expect(['now save now', 'default', 'default now'].map(text => printed(kind, text))).toEqual([
      'save now',
      'default',
      'now',
    ])
    expect(problem(kind, '')).toBe('argument(s) must be one of the following: default, save, now, force')
  })

  test('event classes come out in order of Redis, and a full set as A', () => {
    expect(['xKE', 'g$lshzxetd', 'KA', ''].map(text => printed(keyspaceEvents(), text))).toEqual(['xKE', 'A', 'AK', ''])
    expect(problem(keyspaceEvents(), 'Q')).toBe("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
  })

  test('log levels of both worlds, and filters', () => {
    const said = ['info', 'warn', 'verbose', 'kvns=debug', 'info,kvns=trace', 'other=debug', 'off']
    expect(said.map(text => printed(logLevel(), text))).toEqual([
      'notice',
      'warning',
      'verbose',
      'debug',
      'trace',
      'notice',
      'off',
    ])
    expect(problem(logLevel(), 'kvns=loud')).toStartWith('argument(s) must be one of the following: debug')
  })
})

describe('structures', () => {
  test('save points are pairs from one second up', () => {
    expect(parseText(savePoints(), '900 1 60 0')).toEqual([
      { seconds: 900, changes: 1 },
      { seconds: 60, changes: 0 },
    ])
    expect(parseText(savePoints(), '')).toEqual([])
    for (const text of ['900', '0 1', '1 -1', '1 x', '900 1 60']) {
      expect(problem(savePoints(), text)).toBe('Invalid save parameters')
    }
  })

  test('a buffer limit names its class; the others stay', () => {
    const kind = outputBufferLimits()
    const first = parseText(kind, 'normal 1mb 2 3 slave 4 5 6')
    expect(kind.print(parseText(kind, 'pubsub 7 8 9 replica 1 1 1', first))).toBe(
      'normal 1048576 2 3 slave 1 1 1 pubsub 7 8 9',
    )
    expect(problem(kind, 'normal 1 2')).toBe('Wrong number of arguments in buffer limit configuration.')
    expect(problem(kind, 'master 1 2 3')).toBe('Invalid client class specified in buffer limit configuration.')
    expect(problem(kind, 'normal 1 2 -3')).toBe(
      'Error in hard, soft or soft_seconds setting in buffer limit configuration.',
    )
  })

  test('percentiles lie between 0 and 100 and lose their trailing zeros', () => {
    expect(printed(percentiles(), '50.0 99.90 100')).toBe('50 99.9 100')
    expect(problem(percentiles(), '101')).toBe(
      'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]',
    )
    expect(problem(percentiles(), 'nan')).toBe('Invalid latency-tracking-info-percentiles parameters')
  })

  test('a port may be switched off', () => {
    expect(['off', '', '0', '9090'].map(text => parseText(portOrOff(), text))).toEqual([undefined, undefined, 0, 9090])
    expect(problem(portOrOff(), '65536')).toBe('argument must be between 0 and 65535 inclusive')
  })

  test('a file name is not a path', () => {
    expect(problem(fileName('dbfilename', 'filename', 'allowed'), 'a/b')).toBe(
      "dbfilename can't be a path, just a filename",
    )
    expect(problem(fileName('appenddirname', 'dirname', 'refused'), '')).toBe("appenddirname can't be empty")
  })

  test('a title template knows its words only', () => {
    expect(printed(titleTemplate(), '{title} on {port}')).toBe('{title} on {port}')
    for (const text of ['{nobody}', '{title', '']) {
      expect(problem(titleTemplate(), text)).toBe('template format is invalid or contains unknown variables')
    }
  })
})
