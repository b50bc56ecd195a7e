/** `npm run bench -- <command>`: what sealsync costs, measured on this machine. */
import { Command } from 'commander'
import { addAutomergeCommand } from './automerge-command.ts'
import { addLatencyCommand } from './latency-command.ts'
import { addLoadCommand } from './load-command.ts'

const program = new Command('bench').description('What sealsync costs, measured on this machine')
addLoadCommand(program)
addLatencyCommand(program)
addAutomergeCommand(program)
await program.parseAsync()
