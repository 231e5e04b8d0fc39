// The bytes that RESP gives a meaning, under the names the protocol's description uses, so that parser and writer
// read as protocol and not as numbers. Source: the RESP2 and RESP3 specifications.

export const CR = 0x0d
export const LF = 0x0a
export const SPACE = 0x20
export const MINUS = 0x2d // '-'
export const ZERO = 0x30 // '0'

// Both versions.
export const SIMPLE = 0x2b // '+'
export const ERROR = 0x2d // '-'
export const INTEGER = 0x3a // ':'
export const BULK = 0x24 // '$'
export const ARRAY = 0x2a // '*'

// RESP3 only.
export const NULL = 0x5f // '_'
export const DOUBLE = 0x2c // ','
export const BOOLEAN = 0x23 // '#'
export const BIG_NUMBER = 0x28 // '('
export const VERBATIM = 0x3d // '='
export const MAP = 0x25 // '%'
export const SET = 0x7e // '~'
export const ATTRIBUTE = 0x7c // '|'
export const PUSH = 0x3e // '>'
