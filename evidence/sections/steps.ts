import { type Blow, STORE_CALLS, type SweepReport, sweep } from '../../test/support/kill/kill-sweep.js';
import { straceProblem } from '../../test/support/strace-inject.js';
import { withEvidenceBrokers } from '../support/evidence-brokers.js';
import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';
import { exactlyOnce } from '../support/systems.js';

const MESSAGES = 50;
const ERRORS = 10;

interface Step {
  readonly title: string;
  readonly blow: Blow;
  /** Strikes at no more points than this; undefined for all. */
  readonly most?: number;
}

const WRITES: readonly Step[] = [
  { title: 'killed before a socket write', blow: { at: 'socket write', moment: 'before' } },
  { title: 'killed in the middle of a socket write', blow: { at: 'socket write', moment: 'half' } },
  { title: 'killed after a socket write', blow: { at: 'socket write', moment: 'after' } },
];

const CALLS: readonly Step[] = [
  ...STORE_CALLS.map(
    (store): Step => ({
      title: `killed at a \`${store.call}\` of the ${store.of}`,
      blow: { at: 'store call', store, fault: 'KILL' },
    }),
  ),
  ...STORE_CALLS.flatMap((store) =>
    (['EIO', 'ENOSPC'] as const).map(
      (fault): Step => ({
        title: `\`${store.call}\` of the ${store.of} fails (${fault})`,
        blow: { at: 'store call', store, fault },
        most: ERRORS,
      }),
    ),
  ),
];

/** A fixed run is struck at each of its steps. */
export function stepsSection(options: EvidenceOptions): Promise<Section> {
  const problem = straceProblem();
  const steps = problem === undefined ? [...WRITES, ...CALLS] : WRITES;
  return withEvidenceBrokers(async (from, to) => {
    const rows: { readonly title: string; readonly report: SweepReport }[] = [];
    for (const { title, blow, most } of steps) {
      options.tell(title);
      const points = options.quick ? [1, 2] : { most: most ?? 1000 };
      rows.push({
        title,
        report: await sweep({ system: exactlyOnce, from, to }, blow, { points, messages: MESSAGES }),
      });
    }
    return {
      title: 'Every step of a run',
      lines: [
        `A run begins with ${MESSAGES} messages that wait at the broker and ends when all are delivered and the process has been`,
        'told to stop. It is struck at its first step of a kind, the next run at its second, and so on until a run has no more;',
        'after each strike the process is started again and finishes. One store serves all runs of a kind. Where a call of the',
        `store fails, the process goes on by itself or is started again (the first ${ERRORS} calls). Millrace exactly-once, QoS 2.`,
        ...(problem === undefined ? [] : ['', `Steps of the store were left out: ${problem}.`]),
        '',
        '| | strikes | sent | lost | duplicated | out of order |',
        '|---|--:|--:|--:|--:|--:|',
        ...rows.map(({ title, report: { hits, sent, lost, duplicates, disordered } }) => {
          const counts = [hits, sent, lost.length, duplicates, disordered.length];
          return `| ${title} | ${counts.map((count) => count.toLocaleString('en-US')).join(' | ')} |`;
        }),
      ],
      broken: rows
        .filter(
          ({ report }) =>
            report.lost.length + report.duplicates + report.disordered.length + report.phantoms.length > 0,
        )
        .map(({ title }) => `exactly-once, ${title}`),
    };
  });
}
