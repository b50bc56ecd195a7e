/** `npm run bench -- <command>`: what sealsync costs, measured on this machine. */
import { Command } from 'commander'
import { addLoadCommand } from './load-command.ts'

const program = new Command('bench').description('What sealsync costs, measured on this machine')
addLoadCommand(program)
await program.parseAsync()
