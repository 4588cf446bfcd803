/*
 * node line-server.mjs PORT FILE: a database of one table. A client sends `key text` lines; each is appended to the file, unless a line
 * with its key is there, and then answered by its key. What was answered outlives SIGKILL.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [port, file] = process.argv.slice(2);
const keyOf = (line) => line.slice(0, line.indexOf(' '));
const keys = new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n').map(keyOf) : []);

const server = createServer((socket) => {
  socket.on('error', () => {});
  const lines = createInterface({ input: socket });
  // it passes on those of its input
  lines.on('error', () => {});
  lines.on('line', (line) => {
    const key = keyOf(line);
    if (!keys.has(key)) appendFileSync(file, `${line}\n`);
    keys.add(key);
    socket.write(`${key}\n`);
  });
});
server.listen(Number(port), '127.0.0.1', () => console.log('listening'));
