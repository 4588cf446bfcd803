import { randomCuts } from '../../test/support/kill/kill-scenarios.js';
import { millracePipeline } from '../../test/support/kill/kill-system.js';
import { withEvidenceBrokers } from '../support/evidence-brokers.js';
import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';
import { brokenPromises, type EvidenceRow, evidenceTable } from '../support/evidence-table.js';
import { mqttJsSystems } from '../support/systems.js';

/** Both connections are reset. */
export function cutsSection(options: EvidenceOptions): Promise<Section> {
  const rounds = options.rounds(50, 5);
  const systems = [
    millracePipeline('millrace exactly-once, QoS 2', { kind: 'plain' }),
    millracePipeline('millrace at-least-once, QoS 1', { kind: 'plain', guarantee: 'at-least-once', qos: 1 }),
    ...mqttJsSystems(),
  ];
  return withEvidenceBrokers(async (from, to) => {
    const rows: EvidenceRow[] = [];
    for (const system of systems) {
      options.tell(`cuts: ${system.title}`);
      const report = await randomCuts({ system, from, to }, { rounds, seed: options.seed });
      rows.push({ system, rounds: report.fired, report });
    }
    return {
      title: 'The connections are cut',
      lines: [
        'A round is a reset of both connections under load, first one, then the other, within 10 ms. The process lives on. All',
        'systems connect again after 20 ms.',
        '',
        ...evidenceTable(rows),
      ],
      broken: brokenPromises(rows),
    };
  });
}
