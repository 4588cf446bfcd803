import { BusyCores } from '../../test/support/kill/busy-cores.js';
import { FROZEN_MS, reconnectingBridge, untilFenced } from '../../test/support/kill/kill-again.js';
import { burstsOfCuts, frozenBroker, type Scenario } from '../../test/support/kill/kill-scenarios.js';
import { withEvidenceBrokers } from '../support/evidence-brokers.js';
import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';
import { brokenPromises, type EvidenceRow, evidenceTable } from '../support/evidence-table.js';
import { mqttJsSystems } from '../support/systems.js';

interface Fault {
  readonly what: string;
  readonly scenario: Scenario;
  readonly rounds: number;
  /** Of the comparison. */
  readonly few: number;
}

/** What makes mosquitto send finished messages again (R2b). */
export function againSection(options: EvidenceOptions): Promise<Section> {
  const [rounds, few] = [options.rounds(200, 3), options.rounds(20, 2)];
  const [freezes, fewFreezes] = [options.rounds(30, 2), options.rounds(4, 1)];
  const faults: readonly Fault[] = [
    { what: 'Bursts, to the broker that is read from:', scenario: burstsOfCuts('from'), rounds, few },
    { what: 'Bursts, to the broker that is written to:', scenario: burstsOfCuts('to'), rounds, few },
    {
      what: 'The broker that is read from stands still:',
      scenario: frozenBroker('from', FROZEN_MS),
      rounds: freezes,
      few: fewFreezes,
    },
    {
      what: 'The broker that is written to stands still:',
      scenario: frozenBroker('to', FROZEN_MS),
      rounds: freezes,
      few: fewFreezes,
    },
  ];
  return withEvidenceBrokers(async (from, to) => {
    await using _ = new BusyCores();
    const lines: string[] = [];
    const broken: string[] = [];
    for (const { what, scenario, ...counts } of faults) {
      const rows: EvidenceRow[] = [];
      const ours = [reconnectingBridge(5), reconnectingBridge(4)].map((system) => ({
        system,
        how: { rounds: counts.rounds, ready: untilFenced },
      }));
      const others = mqttJsSystems().map((system) => ({ system, how: { rounds: counts.few } }));
      for (const { system, how } of [...ours, ...others]) {
        options.tell(`${what} ${system.title}`);
        const run = { system, from, to, proxied: true };
        const report = await scenario(run, { ...how, seed: options.seed, perSecond: 800 });
        rows.push({ system, rounds: report.fired, report });
      }
      lines.push(what, '', ...evidenceTable(rows), '');
      broken.push(...brokenPromises(rows));
    }
    return {
      title: 'A session goes on many times in a moment',
      lines: [
        `A round is six resets of one connection, 10 to 60 ms apart, under load, or a broker that stands still (SIGSTOP) for ${FROZEN_MS / 1000} s,`,
        'which is longer than all timeouts of the Millrace bridge here, so that it gives up CONNECTs that the broker answers later.',
        'mosquitto then sends messages again that were finished. Every core of the machine is kept busy besides. The rounds of Millrace',
        'begin when the broker has answered the first fence (R2b).',
        '',
        ...lines,
      ],
      broken,
    };
  });
}
