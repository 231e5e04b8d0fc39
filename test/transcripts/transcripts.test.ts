// Plays every transcript in every mode, and looks that no command is without one.

import { describe, expect, test } from 'bun:test'
import { modesOf, play, readStep, rowOf, TABLE } from '../support/transcript.ts'
import { TRANSCRIPTS } from './all.ts'

for (const [family, transcripts] of Object.entries(TRANSCRIPTS)) {
  describe(family, () => {
    for (const script of transcripts) {
      for (const mode of modesOf(script)) test(`${script.name} (${mode.name})`, () => play(script, mode))
    }
  })
}

describe('transcripts', () => {
  const all = Object.values(TRANSCRIPTS).flat()

  test('every row of the table has a transcript', () => {
    const used = new Set<string>()
    for (const step of all.flatMap(script => script.steps)) {
      const action = readStep(step)
      if (typeof action !== 'string' && 'words' in action) used.add(rowOf(action.words)?.fullName ?? '')
    }
    expect(TABLE.rows.map(row => row.fullName).filter(name => !used.has(name))).toEqual([])
  })

  test('no two have the same name', () => {
    const names = all.map(script => script.name)
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  })
})
