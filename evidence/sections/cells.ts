import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';
import { problemsOf, runTestFile } from '../support/run-test-file.js';

const FILES = [
  'test/fault/exactly-once-phases.test.ts',
  'test/fault/exactly-once-brokers.test.ts',
  'test/fault/exactly-once-storage.test.ts',
  'test/fault/store-disk.test.ts',
  'test/fault/store-damage.test.ts',
  'test/fault/store-crash.test.ts',
];

/** The faults that have a test of their own. */
export async function cellsSection(options: EvidenceOptions): Promise<Section> {
  const lines = [
    'Faults that are arranged one at a time, each by a test that says in its title what must hold, and fails when its fault did',
    'not happen. Real processes, real brokers, real files.',
  ];
  const broken: string[] = [];
  for (const file of FILES) {
    options.tell(file);
    const result = await runTestFile(file, options.quick ? {} : { MILLRACE_FULL: '1' });
    broken.push(...problemsOf(file, result));
    lines.push('', `\`${file}\`:`, '', '| | | seconds |', '|---|---|--:|');
    for (const { test, verdict, ms } of result.tests) lines.push(`| ${cell(test)} | ${verdict} | ${seconds(ms)} |`);
  }
  return { title: 'One fault at a time', lines, broken };
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
const seconds = (ms: number): string => (ms / 1000).toFixed(1);
