import { endAll } from '../test/support/cleanup.js';
import { CLUSTER_KILLS, JOB_KILLS, JOIN_KILLS, STORE_KILLS, TIME_KILLS } from '../test/support/mutants/kill-tables.js';
import { againSection } from './sections/again.js';
import { cellsSection } from './sections/cells.js';
import { clusterSection } from './sections/cluster.js';
import { cutsSection } from './sections/cuts.js';
import { historiesSection } from './sections/histories.js';
import { killsSection } from './sections/kills.js';
import { mutantsSection } from './sections/mutants.js';
import { postgresSection } from './sections/postgres.js';
import { restartsSection } from './sections/restarts.js';
import { stepsSection } from './sections/steps.js';
import { windowsSection } from './sections/windows.js';
import { rewriteEvidence, type Section, writeEvidence } from './support/evidence-document.js';
import { type EvidenceOptions, parseEvidenceOptions } from './support/evidence-options.js';

/*
 * npm run evidence -- [--quick] [--only NAME [--write]]
 *
 * Breaks what can break, counts what was lost and what came twice, and writes docs/evidence.md. With --quick (a few rounds of
 * everything) or --only (kills, windows, cuts, again, restarts, steps, cells, histories, mutants, mutants-cluster, mutants-store,
 * mutants-time, mutants-joins, postgres, cluster) it prints and writes nothing; --only with --write replaces that section, and `mutants` is all that begin so.
 */

const SECTIONS: Readonly<Record<string, (options: EvidenceOptions) => Promise<Section>>> = {
  kills: killsSection,
  windows: windowsSection,
  cuts: cutsSection,
  again: againSection,
  restarts: restartsSection,
  steps: stepsSection,
  cells: cellsSection,
  histories: historiesSection,
  mutants: mutantsSection('The tests are tested', JOB_KILLS),
  'mutants-cluster': mutantsSection('The tests of a cluster are tested', CLUSTER_KILLS),
  'mutants-store': mutantsSection('The tests of the store are tested', STORE_KILLS),
  'mutants-time': mutantsSection('The tests of time are tested', TIME_KILLS),
  'mutants-joins': mutantsSection('The tests of tables and joins are tested', JOIN_KILLS),
  postgres: postgresSection,
  cluster: clusterSection,
};

async function main(): Promise<void> {
  const options = parseEvidenceOptions(process.argv.slice(2), Object.keys(SECTIONS));
  const sections: Section[] = [];
  for (const [name, play] of Object.entries(SECTIONS)) {
    if (!name.startsWith(options.only ?? '')) continue;
    const section = await play(options);
    sections.push(section);
    // after each of them, since the whole takes half an hour
    if (options.writes) (options.only === undefined ? writeEvidence : rewriteEvidence)(sections);
    process.stdout.write(`\n## ${section.title}\n\n${section.lines.join('\n')}\n`);
    for (const problem of section.broken) {
      process.stderr.write(`a promise does not hold: ${problem}\n`);
      process.exitCode = 1;
    }
  }
}

try {
  await main();
} finally {
  await endAll();
}
