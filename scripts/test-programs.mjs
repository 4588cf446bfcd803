/*
 * The programs that node is to run for test files. Those of test/unit and test/property share programs: many of them take a part of the time that
 * a process needs to load the sources, and they leave nothing in it that the next would see. All others, and a few alone, have one each.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { compiledPath } from './compile-tests.mjs';

const OF_A_GROUP = { unit: 25, property: 7 };
/** A test that mocks timers may run while the next file is loaded: what first imports them then has the mock for good, and waits for ever. */
const REAL_TIMERS = `import 'node:timers';
import 'node:timers/promises';
`;
/** Node runs the `after` of cleanup.ts as soon as no test is declared that has not run: between two files, too, and then no more. */
const END_ALL = `import { test } from 'node:test';
import { endAll } from '../test/support/cleanup.js';
test('what the tests of these files have started is ended', endAll);
`;
/** They take minutes, the longest first, above all in a full run, and would be left over at the end. */
const FIRST = [
  'integration/cli-check-brokers',
  'fault/exactly-once-kills',
  'fault/exactly-once-sweeps',
  'fault/exactly-once-again',
  'simulation/job-exactly-once',
  'fault/exactly-once-brokers',
  'fault/cluster-kills',
  'fault/windows-cluster-kills',
  'fault/windows-kills',
  'fault/time-mutants',
].map((name) => join('test', `${name}.test.ts`));

/**
 * Writes them for test files (paths from the root), which are compiled in `folder`. Node runs them in the order of their names; what waits for
 * brokers and what computes alternate, so that neither is left for the end.
 * @returns their paths
 */
export function writePrograms(folder, files) {
  const kinds = new Map();
  for (const file of files) {
    if (FIRST.includes(file)) continue;
    const kind = file.split(sep)[1];
    kinds.set(kind, [...(kinds.get(kind) ?? []), file]);
  }
  const programs = [...kinds].map(([kind, list]) =>
    inGroups(list, list.length > (OF_A_GROUP[kind] ?? list.length) ? OF_A_GROUP[kind] : 1),
  );
  mkdirSync(join(folder, 'run'));
  const first = FIRST.filter((file) => files.includes(file)).map((file) => [file]);
  return [...first, ...spread(programs)].map((group, index) => writeProgram(folder, index, group));
}

function inGroups(files, size) {
  const count = Math.ceil(files.length / size);
  return Array.from({ length: count }, (_, at) => files.slice(at * size, (at + 1) * size));
}

/** One list of all, in which each of them is spread evenly. */
function spread(lists) {
  return lists
    .flatMap((list) => list.map((one, index) => ({ one, place: (index + 0.5) / list.length })))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one);
}

function writeProgram(folder, index, files) {
  const title = files[0]
    .split(sep)
    .slice(1)
    .join('-')
    .replace(/\.test\.ts$/, '');
  const path = join(folder, 'run', `${String(index).padStart(4, '0')}-${title}.test.mjs`);
  const imports = files.map(importOf);
  writeFileSync(path, (files.length > 1 ? [REAL_TIMERS, ...imports, END_ALL] : imports).join(''));
  return path;
}

/** One after another: tests that a file declares begin before the next file is loaded. */
function importOf(file) {
  return `await import(${JSON.stringify(compiledPath('..', file).replaceAll(sep, '/'))});\n`;
}
