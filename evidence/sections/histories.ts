import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';
import { problemsOf, runTestFile } from '../support/run-test-file.js';

const FAMILIES = ['job-exactly-once', 'job-at-least-once', 'job-session-losses'];
const MODEL = 'test/simulation/protocol-model.test.ts';

/** Faults at moments that no real run finds. */
export async function historiesSection(options: EvidenceOptions): Promise<Section> {
  const seeds = options.rounds(1000, 20);
  const lines = [
    'The real program over a simulated network, disk, clock and brokers. One seed is one history of kills, cuts, restarts and',
    `failures, at any byte, packet or call; ${seeds.toLocaleString('en-US')} seeds of each family here; \`.ci/run\` plays 10,000 of all families.`,
    'A seed that breaks a promise is printed with the command that plays it again. Duplicates are counted where the guarantee, or a broker,',
    'allows them.',
    '',
  ];
  const broken: string[] = [];
  for (const family of FAMILIES) {
    options.tell(`${seeds} seeds of ${family}`);
    const file = `test/simulation/${family}.test.ts`;
    const result = await runTestFile(file, { MILLRACE_FULL: '1', MILLRACE_SEEDS: String(seeds) });
    broken.push(...problemsOf(file, result));
    lines.push(...result.tests.map(({ test, verdict }) => `- ${test}: **${verdict}**. ${result.notes.join('; ')}.`));
  }
  options.tell(MODEL);
  const model = await runTestFile(MODEL, { MILLRACE_FULL: '1' });
  broken.push(...problemsOf(MODEL, model));
  lines.push(
    '',
    'And every order of crash, cut, commit, send and receipt of a few messages, driven through the real state machines of both',
    'sides, with what is wrong on purpose found in each case:',
    '',
    '| | |',
    '|---|---|',
    ...model.tests.map(({ test, verdict }) => `| ${test} | ${verdict} |`),
  );
  return { title: 'Simulated histories, and the model', lines, broken };
}
