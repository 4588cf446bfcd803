/*
 * A part of npm run docs-check: the names that the files of `src`, or of the folder that is given, export are held to the table "Words"
 * of ARCHITECTURE.md. A word that has rooms there is part of no exported name in another room.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lineAt, sourceFiles } from './source-files.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = process.argv[2] ?? join(root, 'src');
const problems = [];

/** The words that have rooms: `client queue` as `['client', 'queue']`. */
function readWords() {
  const section = /^## Words\n([\s\S]*?)^## /m.exec(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'))?.[1] ?? '';
  const [head, , ...rows] = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map(cellsOf);
  if (head?.[0] !== 'word' || !head.includes('rooms')) {
    problems.push('ARCHITECTURE.md: "Words" has no table with the columns word and rooms');
    return [];
  }
  return rows.flatMap((row) => {
    const rooms = [...row[head.indexOf('rooms')].matchAll(/`([^`]+)`/g)].map(([, room]) => room);
    return rooms.length === 0
      ? []
      : row[0].split(/[/,]/).map((word) => ({ word: word.trim(), parts: partsOf(word.trim()), rooms }));
  });
}

const cellsOf = (line) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** `ClientQueues`, `client queues`, `CLIENT_QUEUES`: client, queue. */
function partsOf(name) {
  const apart = name.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase();
  return apart.split(/[\s_]+/).map((part) => (/[^s]s$/.test(part) && part.length > 3 ? part.slice(0, -1) : part));
}

const has = (parts, wanted) => parts.some((_, start) => wanted.every((part, index) => parts[start + index] === part));

/** What a file exports of its own. */
function exportsOf({ path, text, program }) {
  const own = program.body.filter(({ type, source }) => type === 'ExportNamedDeclaration' && !source);
  return own.flatMap(({ declaration, specifiers, start }) => {
    const declared = declaration ? (declaration.declarations ?? [declaration]).map(({ id }) => id) : [];
    const ids = [...declared, ...specifiers.map(({ exported }) => exported)];
    return ids.flatMap(({ name }) => name ?? []).map((name) => ({ name, path, line: lineAt(text, start) }));
  });
}

const files = sourceFiles(folder);
const exported = files.flatMap(exportsOf);
for (const { word, parts, rooms } of readWords()) {
  const using = exported.filter(({ name }) => has(partsOf(name), parts));
  const inRoom = (path) => rooms.some((room) => path.startsWith(`${room}/`));
  for (const room of rooms) {
    if (!using.some(({ path }) => path.startsWith(`${room}/`)))
      problems.push(`ARCHITECTURE.md: no name in ${room} has the word ${word}`);
  }
  for (const { name, path, line } of using.filter((use) => !inRoom(use.path))) {
    problems.push(
      `${relative('.', folder)}/${path}:${line}: ${name}: "${word}" is a word of ${rooms.join(', ')} (ARCHITECTURE.md, Words)`,
    );
  }
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
