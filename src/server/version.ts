// The version of kvns, from package.json alone.

import { version } from '../../package.json' with { type: 'json' }

export const VERSION: string = version
