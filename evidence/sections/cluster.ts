import type { NatsServerProgram } from '../../scripts/nats-servers.js';
import { CLUSTER_FAULTS, type ClusterFault, drawFaults } from '../../test/support/cluster/cluster-faults.js';
import { CLUSTER_JOBS, SHARED_JOB } from '../../test/support/cluster/cluster-jobs.js';
import { ClusterRig } from '../../test/support/cluster/cluster-rig.js';
import { type ClusterRound, strikeAll } from '../../test/support/cluster/cluster-rounds.js';
import type { JobReport } from '../../test/support/cluster/job-flow.js';
import { natsServersHere } from '../../test/support/nats/nats-servers-here.js';
import { breachesOfOneWriter, type SeenLog } from '../../test/support/nats/seen-log.js';
import { SeededRandom } from '../../test/support/seeded-random.js';
import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';

const JOBS = [...CLUSTER_JOBS, SHARED_JOB];
/** Of one set of servers, brokers and nodes. */
const ROUNDS_TOGETHER = 25;
/** How often the next fault comes while the jobs still recover. */
const HURRY = 0.25;

/** What came of one set of servers, brokers and nodes. */
interface Played {
  readonly version: string;
  readonly rounds: readonly ClusterRound[];
  /** By job; none where it stood still. */
  readonly reports: readonly JobReport[];
  readonly logs: readonly SeenLog[];
  readonly broken: readonly string[];
}

/** Nodes, servers and the network between them are struck; what comes out of each job is compared with what went in. */
export async function clusterSection(options: EvidenceOptions): Promise<Section> {
  const random = new SeededRandom(options.seed);
  const programs = natsServersHere();
  const played: Played[] = [];
  const drawn = drawFaults(random, options.rounds(200, 6));
  for (let from = 0; from < drawn.length; from += ROUNDS_TOGETHER) {
    const program = programs[played.length % programs.length];
    if (program === undefined) throw new Error('there is no nats-server');
    const faults = drawn.slice(from, from + ROUNDS_TOGETHER);
    const standbys = Math.floor(played.length / programs.length) % 2;
    played.push(await play({ program, faults, standbys, random }, options));
  }
  // of those that stood still nothing is counted: they are broken promises
  const settled = played.filter(({ reports }) => reports.length > 0);
  return { title: 'A cluster', lines: linesOf(settled), broken: played.flatMap(({ broken }) => broken) };
}

interface Playing {
  readonly program: NatsServerProgram;
  readonly faults: readonly ClusterFault[];
  readonly standbys: number;
  readonly random: SeededRandom;
}

const play = async ({ program, faults, standbys, random }: Playing, options: EvidenceOptions): Promise<Played> => {
  const { version } = program;
  options.tell(`cluster: ${faults.length} faults, nats-server ${version}, ${standbys} standbys`);
  const rounds: ClusterRound[] = [];
  const onRound = (round: ClusterRound) => {
    rounds.push(round);
    options.tell(`${rounds.length}: ${round.what}, ${Math.round(round.ms)} ms`);
  };
  await using rig = await ClusterRig.start({ program, jobs: JOBS, standbys });
  try {
    await strikeAll(rig, faults, { random, hurry: HURRY, onRound });
    await rig.settle();
  } catch (error) {
    const problem = `nats-server ${version}: ${error}`;
    options.tell(problem);
    return { version, rounds, reports: [], logs: [], broken: [problem] };
  }
  const reports = rig.flows.map((flow) => flow.report());
  const logs = await rig.logs();
  const wrong = reports.flatMap((report, index) => wrongOf(JOBS[index]?.title ?? '', report));
  return { version, rounds, reports, logs, broken: [...wrong, ...logs.flatMap(breachesOfOneWriter)] };
};

const wrongOf = (title: string, { lost, duplicates, phantoms, disordered, miscounted }: JobReport): string[] => {
  const counts = { lost: lost.length, duplicates, phantoms: phantoms.length, disordered: disordered.length };
  const all = { ...counts, miscounted: miscounted.length };
  const wrong = Object.entries(all).filter(([, count]) => count > 0);
  return wrong.length === 0 ? [] : [`${title}: ${wrong.map(([what, count]) => `${count} ${what}`).join(', ')}`];
};

const linesOf = (played: readonly Played[]): string[] => {
  const rounds = played.flatMap((one) => one.rounds);
  const versions = [...new Set(played.map(({ version }) => version))].map((version) => {
    const count = played.filter((one) => one.version === version).flatMap((one) => one.rounds).length;
    return `${count} with nats-server ${version}`;
  });
  const logs = played.flatMap((one) => one.logs);
  const records = logs.flatMap((log) => log.records);
  const owners = logs.flatMap((log) => [...new Set(log.records.map(({ epoch }) => epoch))]).length;
  return [
    'Three NATS servers, two brokers and three nodes, each a process of its own; proxies between them are the network. Every node runs the jobs of',
    `the first table. A round is a fault of the second one, at a random moment under load: ${versions.join(', ')},`,
    'in turn without and with a standby. Behind one of four the next fault comes at once, behind the others when all that was sent has come out; the times are of these.',
    '*Miscounted* went out with another number than that of its place among those of its key, *pause* is the longest time in a round in which nothing',
    'came out on one of the topics of a job. Nodes have a lease of 3 s, by default, and servers need 4 to 10 s to find that a leader is gone.',
    `A client of NATS that knows nothing of Millrace read the logs afterwards: in ${logs.length} of them ${number(records.length)} records of ${number(owners)} owners follow`,
    'each other, none of an owner behind those of a later one (C1).',
    '',
    ...jobTable(played),
    '',
    ...faultTable(rounds),
  ];
};

const jobTable = (played: readonly Played[]): string[] => [
  '| millrace exactly-once, QoS 2, on a cluster | rounds | sent | lost | duplicated | out of order | miscounted | pause, median | pause, longest |',
  '|---|--:|--:|--:|--:|--:|--:|--:|--:|',
  ...JOBS.map(({ title, spread, counts }, index) => {
    const reports = played.flatMap(({ reports }) => reports[index] ?? []);
    const pauses = played.flatMap(({ rounds }) => rounds.flatMap(({ pausesMs }) => pausesMs[index] ?? []));
    const sum = (of: (report: JobReport) => number) => number(reports.reduce((total, one) => total + of(one), 0));
    const cells = [
      number(played.flatMap(({ rounds }) => rounds).length),
      sum(({ sent }) => sent),
      sum(({ lost }) => lost.length),
      sum(({ duplicates }) => duplicates),
      spread === 'shared' ? 'given up' : sum(({ disordered }) => disordered.length),
      counts ? sum(({ miscounted }) => miscounted.length) : '',
      ...pausesOf(pauses),
    ];
    return `| ${title} | ${cells.join(' | ')} |`;
  }),
];

const faultTable = (rounds: readonly ClusterRound[]): string[] => [
  '| fault | rounds | pause, median | pause, longest |',
  '|---|--:|--:|--:|',
  ...CLUSTER_FAULTS.map(({ what }) => {
    const own = rounds.filter((round) => round.what === what);
    const longest = own.flatMap(({ pausesMs }) => (pausesMs.length === 0 ? [] : Math.max(...pausesMs)));
    return `| ${what} | ${own.length} | ${pausesOf(longest).join(' | ')} |`;
  }),
];

const pausesOf = (pauses: readonly number[]): readonly string[] => {
  const sorted = [...pauses].sort((a, b) => a - b);
  return [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((ms) =>
    ms === undefined ? '' : `${number(Math.round(ms))} ms`,
  );
};

const number = (value: number): string => value.toLocaleString('en-US');
