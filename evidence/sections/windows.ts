import { nodeFaults } from '../../test/support/cluster/cluster-faults.js';
import { WINDOWS_JOB } from '../../test/support/cluster/cluster-jobs.js';
import { ClusterRig } from '../../test/support/cluster/cluster-rig.js';
import { strikeAll } from '../../test/support/cluster/cluster-rounds.js';
import { randomKills } from '../../test/support/kill/kill-scenarios.js';
import { millracePipeline } from '../../test/support/kill/kill-system.js';
import { judgeWindows } from '../../test/support/kill/kill-windows.js';
import { SeededRandom } from '../../test/support/seeded-random.js';
import { withEvidenceBrokers } from '../support/evidence-brokers.js';
import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';

/** What was counted of a job with windows. */
interface WindowsRow {
  readonly title: string;
  readonly rounds: number;
  readonly sent: number;
  readonly due: number;
  /** Lost, told twice, wrong, out of order: messages, then results. */
  readonly counts: readonly number[];
}

/** Windows by the time of the messages, in one process that is killed, and on three nodes. */
export async function windowsSection(options: EvidenceOptions): Promise<Section> {
  const rows = [await killedProcess(options), await struckNodes(options)];
  const number = (value: number): string => value.toLocaleString('en-US');
  return {
    title: 'Windows',
    lines: [
      'A job that gathers the numbers of its messages in windows by event time, some of them out of order, and some late. What it told is compared with',
      'a recomputation over all messages. In one process: tumbling and sliding windows and sessions by key, with late messages, under `kill -9` at random',
      'moments. On three nodes: sliding windows by a key that messages of all three partitions have, while the node that has a partition is killed, ended,',
      'or stands still. *Wrong* is a result that is none of the recomputation, or of a window that cannot have ended.',
      '',
      '| | rounds | messages | lost | duplicated | results | missing | wrong | told twice | out of order |',
      '|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
      ...rows.map(({ title, rounds, sent, due, counts }) => {
        const [lost = 0, doubled = 0, ...results] = counts;
        return `| ${[title, ...[rounds, sent, lost, doubled, due, ...results].map(number)].join(' | ')} |`;
      }),
    ],
    broken: rows
      .filter(({ counts }) => counts.some((count) => count > 0))
      .map(({ title, counts }) => `${title}: ${counts}`),
  };
}

const killedProcess = (options: EvidenceOptions): Promise<WindowsRow> =>
  withEvidenceBrokers(async (from, to) => {
    const rounds = options.rounds(50, 3);
    options.tell(`windows: kill -9, ${rounds} times`);
    const system = millracePipeline('windows', { kind: 'windows' });
    const onRound = (round: number) => options.tell(`${round}`);
    const report = await randomKills({ system, from, to }, { rounds, seed: options.seed, onRound });
    const { due, missing, wrong, duplicates, disordered } = judgeWindows(report.messages);
    return {
      title: 'millrace exactly-once, QoS 2, one process',
      rounds: report.fired,
      sent: report.sent,
      due,
      counts: [report.lost.length, report.duplicates, missing.length, wrong.length, duplicates, disordered.length],
    };
  });

const struckNodes = async (options: EvidenceOptions): Promise<WindowsRow> => {
  const faults = nodeFaults(options.rounds(20, 3));
  options.tell(`windows: ${faults.length} faults on three nodes`);
  await using rig = await ClusterRig.start({ jobs: [WINDOWS_JOB] });
  const random = new SeededRandom(options.seed);
  await strikeAll(rig, faults, { random, onRound: ({ what }) => options.tell(what) });
  await rig.settle();
  const [flow] = rig.flows;
  if (flow === undefined) throw new Error('the rig has one job');
  const { sent, lost, duplicates: doubled } = flow.report();
  const { due, missing, wrong, duplicates, disordered } = flow.windowsReport();
  const counts = [lost.length, doubled, missing.length, wrong.length, duplicates, disordered.length];
  return {
    title: 'millrace exactly-once, QoS 2, three nodes, with an exchange',
    rounds: faults.length,
    sent,
    due,
    counts,
  };
};
