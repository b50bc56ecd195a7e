// Preloaded into a relay process: its database gets no more pages than its parent says, as on a disk that is full.
import { DatabaseSync } from 'node:sqlite'

let pages
process.on('message', (message) => {
  pages = message.pages
  process.send({ done: pages ?? 0 })
})
// Only the parent's end keeps it open.
process.channel?.unref()

const { exec } = DatabaseSync.prototype
DatabaseSync.prototype.exec = function (sql) {
  // At least what it has; 0 would leave things as they are.
  if (sql.startsWith('BEGIN')) exec.call(this, `PRAGMA max_page_count = ${pages ?? 4_294_967_294}`)
  return exec.call(this, sql)
}
