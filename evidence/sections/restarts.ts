import { brokerRestarts } from '../../test/support/kill/kill-scenarios.js';
import { millracePipeline } from '../../test/support/kill/kill-system.js';
import { withEvidenceBrokers } from '../support/evidence-brokers.js';
import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';
import { brokenPromises, type EvidenceRow, evidenceTable } from '../support/evidence-table.js';
import { mqttJsSystems } from '../support/systems.js';

/** One broker ends in order, saves what it has, and comes back. */
export function restartsSection(options: EvidenceOptions): Promise<Section> {
  const rounds = options.rounds(6, 2);
  const systems = [
    millracePipeline('millrace exactly-once, QoS 2', { kind: 'plain' }),
    millracePipeline('millrace at-least-once, QoS 1', { kind: 'plain', guarantee: 'at-least-once', qos: 1 }),
    ...mqttJsSystems(),
  ];
  return withEvidenceBrokers(async (from, to) => {
    const lines: string[] = [];
    const broken: string[] = [];
    for (const side of ['from', 'to'] as const) {
      const rows: EvidenceRow[] = [];
      for (const system of systems) {
        options.tell(`restarts of the ${side} broker: ${system.title}`);
        const report = await brokerRestarts(side)({ system, from, to }, { rounds, seed: options.seed });
        rows.push({ system, rounds: report.fired, report });
      }
      const whose = side === 'from' ? 'The broker that is read from:' : 'The broker that is written to:';
      lines.push(whose, '', ...evidenceTable(rows), '');
      broken.push(...brokenPromises(rows));
    }
    return {
      title: 'A broker is restarted',
      lines: [
        'A round is a restart under load of one broker, which saves everything as it ends. Where the broker that is written to is',
        "restarted, the verifier is MQTT.js: mosquitto's own client prints some messages twice when its broker comes back.",
        '',
        ...lines,
      ],
      broken,
    };
  });
}
