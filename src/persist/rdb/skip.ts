// Passing over values that this server has no type for, so that the rest of a file can be read: streams and module values.

import { corrupt } from './errors.ts'
import type { RdbInput, RdbText } from './input.ts'
import * as T from './types.ts'

/** Bytes of an entry's id. */
const ID_BYTES = 16
const TIME_BYTES = 8

/** What stands before a piece of a module value; 0 ends it. */
const MODULE_SIGNED = 1
const MODULE_UNSIGNED = 2
const MODULE_FLOAT = 3
const MODULE_DOUBLE = 4
const MODULE_STRING = 5

/** Passes over a value of a type in FOREIGN_TYPES; `text` is only used. Throws RdbCorrupt. */
export function skipForeign(input: RdbInput, type: number, text: RdbText): void {
  if (type === T.RDB_MODULE_PRE_GA) corrupt('a module value of a release candidate has no known length')
  if (type === T.RDB_MODULE_2) {
    input.length()
    skipModule(input, text)
  } else skipStream(input, type, text)
}

/** The pieces of a module value, after its id. */
export function skipModule(input: RdbInput, text: RdbText): void {
  for (;;) {
    const piece = input.length()
    if (piece === 0) return
    if (piece === MODULE_SIGNED || piece === MODULE_UNSIGNED) input.length()
    else if (piece === MODULE_FLOAT) input.skip(4)
    else if (piece === MODULE_DOUBLE) input.skip(8)
    else if (piece === MODULE_STRING) input.string(text)
    else corrupt('no such piece of a module value')
  }
}

function skipLengths(input: RdbInput, n: number): void {
  for (let i = 0; i < n; i++) input.length()
}

function skipStream(input: RdbInput, type: number, text: RdbText): void {
  for (let left = input.length(); left > 0; left--) {
    input.string(text)
    input.string(text)
  }
  // Length and last id; since 7.0 first id, largest deleted id and the number of entries added.
  skipLengths(input, type === T.RDB_STREAM ? 3 : 8)
  for (let groups = input.length(); groups > 0; groups--) skipGroup(input, type, text)
}

function skipGroup(input: RdbInput, type: number, text: RdbText): void {
  input.string(text)
  // Last id delivered; since 7.0 the number of entries read.
  skipLengths(input, type === T.RDB_STREAM ? 2 : 3)
  for (let pending = input.length(); pending > 0; pending--) {
    input.skip(ID_BYTES + TIME_BYTES)
    input.length()
  }
  for (let consumers = input.length(); consumers > 0; consumers--) {
    input.string(text)
    // When it was seen; since 7.2 when it was active, too.
    input.skip(type === T.RDB_STREAM_3 ? 2 * TIME_BYTES : TIME_BYTES)
    for (let pending = input.length(); pending > 0; pending--) input.skip(ID_BYTES)
  }
}
