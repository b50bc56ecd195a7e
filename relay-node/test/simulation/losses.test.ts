/** Relays that are set back, wiped or left for another one. */
import { simulationSuite } from './simulation-suite.ts'

simulationSuite('restore', 'raw', 'wipe', 'move')
