/** Networks, disks and processes that fail, too many sessions, and a writer of garbage. */
import { simulationSuite } from './simulation-suite.ts'

simulationSuite('plain', 'crowded', 'evil')
