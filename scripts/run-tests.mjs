/*
 * npm test [-- <part of a path>…]: runs test/**\/*.test.ts, or those whose path contains one of the given parts, with node's
 * test runner, as JavaScript (compile-tests.mjs). Files of test/unit and test/property share processes (test-programs.mjs). A file that hangs is ended after
 * its time limit. CI=true prints a compact report.
 *
 * npm run test:full [-- <part of a path>…] (--full): the same, but sweeps and seeded histories run whole, not as a sample. With --sampled
 * only the files that have such: the others are the same in both.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileTests } from './compile-tests.mjs';
import { writePrograms } from './test-programs.mjs';

/** Most files wait for brokers and processes most of the time: they take a few seconds of a processor. */
const LEAST_AT_ONCE = 6;
const FILE_LIMIT_MS = 900_000;
/** With --full. */
const LONG_FILE_LIMIT_MS = 2_700_000;
const root = fileURLToPath(new URL('..', import.meta.url));

function testFiles() {
  return readdirSync(join(root, 'test'), { recursive: true })
    .map((path) => join('test', path))
    .filter((path) => path.endsWith('.test.ts'))
    .sort();
}

function chosen(files, parts) {
  if (parts.length === 0) return files;
  const wanted = parts.map((part) => relative(root, join(process.cwd(), part)));
  return files.filter(
    (file) => parts.some((part) => file.includes(part)) || wanted.some((path) => file.startsWith(path)),
  );
}

/** Its program asks whether all is to be played. */
const isSampled = (file) => /full-run\.js|sim-seeds\.js/.test(readFileSync(join(root, file), 'utf8'));

const OURS = ['--full', '--sampled'];
const [flags, parts] = [[], []];
const [full, sampled] = OURS.map((flag) => process.argv.includes(flag));
for (const argument of process.argv.slice(2)) {
  if (!OURS.includes(argument)) (argument.startsWith('--') ? flags : parts).push(argument);
}
const files = chosen(testFiles(), parts).filter((file) => !sampled || isSampled(file));
if (files.length === 0) {
  console.error(parts.length === 0 ? 'There is no test file.' : `No test file has ${parts.join(' or ')} in its path.`);
  process.exit(1);
}

// a reporter that the caller names stands in the place of ours: node takes two for one destination as an error
const named = flags.some((flag) => flag.startsWith('--test-reporter'));
const ours = process.env.CI === 'true' ? new URL('compact-reporter.mjs', import.meta.url).href : 'spec';
const compiled = await compileTests(root);
/** What one file of this run makes and others take. */
const shared = `${compiled}-shared`;
const removeShared = () => rmSync(shared, { recursive: true, force: true });
// a run that was killed may have had the same id
removeShared();
mkdirSync(shared);
process.once('exit', removeShared);
const child = spawn(
  process.execPath,
  [
    '--enable-source-maps',
    // what is compiled has no links in it: to look for some at each of its hundreds of modules takes a fifth of the time to load them
    '--preserve-symlinks',
    '--preserve-symlinks-main',
    `--import=${new URL('without-async-hooks.mjs', import.meta.url).href}`,
    '--test',
    `--test-concurrency=${Math.max(LEAST_AT_ONCE, availableParallelism())}`,
    `--test-timeout=${full ? LONG_FILE_LIMIT_MS : FILE_LIMIT_MS}`,
    ...(named ? [] : [`--test-reporter=${ours}`]),
    ...flags,
    ...writePrograms(compiled, files),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      MILLRACE_COMPILED: compiled,
      MILLRACE_SHARED: shared,
      ...(full ? { MILLRACE_FULL: '1' } : {}),
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('close', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
