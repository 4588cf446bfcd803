import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const REPORTER = new URL('./json-reporter.mjs', import.meta.url).href;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What became of one test. */
export interface TestResult {
  readonly test: string;
  readonly verdict: 'held' | 'failed' | 'skipped';
  readonly ms: number;
  /** Of what failed. */
  readonly reason?: string | undefined;
}

/** What a test file came to. */
export interface TestFileResult {
  readonly tests: readonly TestResult[];
  /** What its tests noted of themselves, in their order. */
  readonly notes: readonly string[];
}

/** Runs a test file as `npm run test:full` does. @param file from the root of the project */
export async function runTestFile(file: string, env: Readonly<Record<string, string>>): Promise<TestFileResult> {
  const args = ['--import', 'tsx', '--test', `--test-reporter=${REPORTER}`, file];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  const records: (Partial<TestResult> & { readonly note?: string })[] = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const tests = records.flatMap(({ test, verdict, ms, reason }) =>
    test === undefined || verdict === undefined || ms === undefined ? [] : [{ test, verdict, ms, reason }],
  );
  if (tests.length === 0) throw new Error(`no test of ${file} ran:\n${output.slice(-2000)}`);
  return { tests, notes: records.flatMap(({ note }) => note ?? []) };
}

/** What did not hold: a test that was skipped proves nothing. */
export function problemsOf(file: string, { tests }: TestFileResult): string[] {
  return tests
    .filter(({ verdict }) => verdict !== 'held')
    .map(({ test, verdict, reason = '' }) => `${file}: "${test}" ${verdict}\n${reason}`);
}
