// Where keys stand and what happens to them: the combinations that several commands share (COMMAND INFO's key specs).

import type { KeySpec } from './command.ts'

function at1(flags: readonly string[], last = 0, step = 1): readonly KeySpec[] {
  return [{ at: 1, last, step, flags }]
}

/** Word `at` says how many keys follow on it. */
export function counted(at: number, flags: readonly string[]): KeySpec {
  return { at, last: 0, step: 1, counted: true, flags }
}

export const READ_ONE = at1(['RO', 'access'])
export const LOOK_ONE = at1(['RO'])
export const READ_MANY = at1(['RO', 'access'], -1)
export const LOOK_MANY = at1(['RO'], -1)
export const WRITE_ONE = at1(['OW', 'update'])
export const INSERT_ONE = at1(['OW', 'insert'])
export const UPDATE_ONE = at1(['RW', 'update'])
export const GROW_ONE = at1(['RW', 'insert'])
export const SHRINK_ONE = at1(['RW', 'delete'])
export const COUNT_ONE = at1(['RW', 'access', 'update'])
export const TAKE_ONE = at1(['RW', 'access', 'delete'])
export const WRITE_PAIRS = at1(['OW', 'update'], -1, 2)
export const INSERT_PAIRS = at1(['OW', 'insert'], -1, 2)
export const DELETE_MANY = at1(['RM', 'delete'], -1)
