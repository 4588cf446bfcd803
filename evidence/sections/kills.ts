import { randomKills } from '../../test/support/kill/kill-scenarios.js';
import { millracePipeline } from '../../test/support/kill/kill-system.js';
import { withEvidenceBrokers } from '../support/evidence-brokers.js';
import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';
import { brokenPromises, type EvidenceRow, evidenceTable } from '../support/evidence-table.js';
import { atLeastOnce, exactlyOnce, mqttJsSystems, none } from '../support/systems.js';

/** `kill -9` of the process. */
export function killsSection(options: EvidenceOptions): Promise<Section> {
  const some = options.rounds(30, 3);
  const systems = [
    { system: exactlyOnce, rounds: options.rounds(100, 5) },
    {
      system: millracePipeline('millrace exactly-once, a count for each key in its state', { kind: 'count' }),
      rounds: some,
    },
    { system: millracePipeline('millrace exactly-once, `mapAsync`', { kind: 'async' }), rounds: some },
    {
      system: millracePipeline('millrace exactly-once, QoS 1 with `deduplicateBy`', { kind: 'dedupe', qos: 1 }),
      rounds: some,
    },
    { system: atLeastOnce, rounds: some },
    {
      system: millracePipeline('millrace at-least-once, QoS 1, a count for each key in its state', {
        kind: 'count',
        guarantee: 'at-least-once',
        qos: 1,
      }),
      rounds: some,
    },
    { system: none, rounds: some },
    ...mqttJsSystems().map((system) => ({ system, rounds: some })),
  ];
  return withEvidenceBrokers(async (from, to) => {
    const rows: EvidenceRow[] = [];
    for (const { system, rounds } of systems) {
      options.tell(`kill -9: ${system.title}`);
      const report = await randomKills({ system, from, to }, { rounds, seed: options.seed });
      rows.push({ system, rounds: report.fired, report });
    }
    return {
      title: 'The process is killed',
      lines: [
        'A round is a `kill -9` under load, at a random moment while the process works; in one of five the next process is killed',
        'too, while it starts. A system that stands still for 20 seconds gets no further rounds.',
        '',
        ...evidenceTable(rows),
      ],
      broken: brokenPromises(rows),
    };
  });
}
