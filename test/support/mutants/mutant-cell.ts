import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onCleanup } from '../cleanup.js';
import { compiledMutant, compiledSources } from './compiled-mutant.js';
import { type CellVerdict, fairVerdict, type Played } from './fair-verdict.js';
import { patchProblem, type SourcePatch } from './mutant-patch.js';

/** A cell of the fault matrix as one of our tests, which the unchanged sources pass. */
export interface TestCell {
  readonly id: string;
  /** From the root of the project. */
  readonly file: string;
  /** A part of the names of the tests that count; all of the file without it. */
  readonly test?: string;
  /** Further environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Of a cell that has come to stand still. The slowest take a minute of CPU, of which a busy machine gives little. */
const LIMIT_MS = 900_000;

/** Runs a cell on sources that the patches have changed. */
export async function runCell(cell: TestCell, patches: readonly SourcePatch[]): Promise<CellVerdict> {
  if (patches.length === 0) return (await played(cell, await compiledSources(), {})).verdict;
  const problem = patches.map(patchProblem).find((one) => one !== undefined);
  if (problem !== undefined) return { passed: 0, failed: [], broken: problem };
  await using mutant = await compiledMutant(patches);
  // the folder is there until then
  return await fairVerdict(async (on, patienceMs) =>
    on === 'mutant'
      ? played(cell, mutant.folder, { MILLRACE_MUTANT: mutant.folder }, patienceMs)
      : played(cell, await compiledSources(), {}, patienceMs),
  );
}

/** @param patienceMs of a wait; without it, as in a run of the tests */
async function played(
  { file, test, env: more }: TestCell,
  folder: string,
  env: Readonly<Record<string, string>>,
  patienceMs?: number,
): Promise<Played> {
  const names = test === undefined ? [] : [`--test-name-pattern=${quoted(test)}`];
  const program = join(folder, file.replace(/\.ts$/, '.js'));
  const patience: Readonly<Record<string, string>> =
    patienceMs === undefined ? {} : { MILLRACE_PATIENCE_MS: String(patienceMs) };
  const began = performance.now();
  const { tap, stoodStill } = await outputOf(['--test-reporter=tap', ...names, program], {
    MILLRACE_COMPILED: folder,
    ...env,
    ...patience,
    ...more,
  });
  // a loop without end lets no test fail by its limit
  const verdict = stoodStill ? { passed: 0, failed: [`${file} stands still`] } : verdictOf(tap);
  return { verdict, tookMs: performance.now() - began };
}

/** The verdict that a TAP report is. */
export function verdictOf(tap: string): CellVerdict {
  const failed = [
    ...tap.matchAll(
      /^ *not ok \d+ - (.*)\n(?: .*\n)*? +failureType: '(testCodeFailure|testTimeoutFailure|cancelledByParent)'/gm,
    ),
  ];
  const passed = Number(/^# pass (\d+)$/m.exec(tap)?.[1] ?? 0);
  const broken = /SyntaxError: .*|ERR_MODULE_NOT_FOUND.*/.exec(tap)?.[0];
  if (broken !== undefined) return { passed: 0, failed: [], broken };
  if (passed === 0 && failed.length === 0) return { passed, failed: [], broken: `no test ran:\n${tap.slice(-2000)}` };
  return { passed, failed: failed.map(([, name = '']) => name) };
}

interface Output {
  readonly tap: string;
  /** It was ended after `LIMIT_MS`. */
  readonly stoodStill: boolean;
}

function outputOf(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Output> {
  // A test process of its own, not a part of this run.
  const { NODE_TEST_CONTEXT: _, ...own } = process.env;
  const child = spawn(process.execPath, args, { env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const forget = onCleanup(
    () => void child.kill(),
    () => void child.kill('SIGKILL'),
  );
  let stoodStill = false;
  const timer = setTimeout(() => {
    stoodStill = true;
    child.kill();
  }, LIMIT_MS);
  let tap = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (tap += chunk));
  return new Promise((resolve) => {
    child.once('close', () => {
      clearTimeout(timer);
      forget();
      resolve({ tap, stoodStill });
    });
  });
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
