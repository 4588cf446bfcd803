import { AT_LEAST_ONCE, addedMs, BARE, EXACTLY_ONCE } from '../cases/latency.js';
import { NOT_VIEWED, VIEWED } from '../cases/viewers.js';
import { KEYED, STORED as STORED_WINDOWS } from '../cases/windows.js';
import { type Comparison, cpuPerMessage, figure, measuredOf, ratePerSecond } from './result.js';

/** Something that is aimed at, and where it is measured. */
export interface Aim {
  readonly what: string;
  readonly aim: string;
  /** A case, whose first table has it. */
  readonly from: string;
  readonly measured: (comparison: Comparison) => string;
}

/** One contender's rate, or CPU for a message, beside another's. */
const beside =
  (of: typeof ratePerSecond, one: string, other: string) =>
  (comparison: Comparison): string =>
    figure(of(measuredOf(comparison, one)) / of(measuredOf(comparison, other)), 2);

const added =
  (name: string) =>
  (comparison: Comparison): string =>
    `${figure(addedMs(measuredOf(comparison, EXACTLY_ONCE), measuredOf(comparison, AT_LEAST_ONCE), name), 2)} ms`;

const warmCpu = (comparison: Comparison, contender: string): number =>
  measuredOf(comparison, contender).figures?.warmCpuMicros ?? Number.NaN;

/** The first row's rate beside the highest of all others. */
const besideBest = ({ rows }: Comparison): string => {
  const [first, ...others] = rows.map(({ measured }) => ratePerSecond(measured));
  return figure((first ?? Number.NaN) / Math.max(...others), 2);
};

const figureOf =
  (contender: string, name: string, unit: string, digits: number) =>
  (comparison: Comparison): string =>
    `${figure(measuredOf(comparison, contender).figures?.[name], digits)} ${unit}`;

/** The highest slope of a table, which its last column has. */
const steepest = ({ rows, columns = [] }: Comparison): string => {
  const slopes = rows.map((row) => Number(columns.at(-1)?.cell(row) || Number.NaN));
  return figure(Math.max(...slopes.filter((slope) => !Number.isNaN(slope))), 2);
};

const [EXACTLY, LEAST] = ['Millrace, exactly once', 'Millrace, at least once'];
const [STORED, IN_MEMORY] = ['with the store, exactly once', 'state in memory, no guarantee'];
const [ALONE, ONE] = ['one process', 'cluster, 1 partition'];
const NODES = { 2: 'cluster, 2 partitions on 2 nodes', 4: 'cluster, 4 partitions on 4 nodes' };

const row = (what: string, aim: string, from: string, measured: Aim['measured']): Aim => ({
  what,
  aim,
  from,
  measured,
});

/** In the order of the cases. */
export const AIMS: readonly Aim[] = [
  row('source at QoS 0, CPU beside MQTT.js', '≤ 0.25', 'source-qos0', beside(cpuPerMessage, 'Millrace', 'MQTT.js')),
  row(
    'sink at QoS 1, stock window, beside a bare socket',
    '≥ 0.8',
    'sink-qos1-window20',
    beside(ratePerSecond, 'Millrace', 'bare socket'),
  ),
  row(
    "bridge at QoS 1, stock window, beside mosquitto's own",
    '≥ 1',
    'bridge-window20',
    beside(ratePerSecond, LEAST, "mosquitto's own bridge"),
  ),
  row('bridge at QoS 1, window 1,000, beside the fastest other', '≥ 1', 'bridge-window1000', besideBest),
  row(
    'exactly once beside at least once, stock window',
    '≥ 0.8',
    'exactly-once-window20',
    beside(ratePerSecond, EXACTLY, LEAST),
  ),
  row(
    'exactly once beside at least once, unlimited window',
    '≥ 0.95',
    'exactly-once-window1000',
    beside(ratePerSecond, EXACTLY, LEAST),
  ),
  row('… its CPU', '≤ 1.3', 'exactly-once-window1000', beside(cpuPerMessage, EXACTLY, LEAST)),
  row(
    'bridge that 50 look at over HTTP, CPU beside nobody looking',
    '≤ 1.02',
    'viewers',
    beside(cpuPerMessage, VIEWED, NOT_VIEWED),
  ),
  row(
    'exactly once at 1,000 messages/s, CPU for a message',
    '≤ 250 µs',
    'latency-each1000',
    (comparison) => `${figure(cpuPerMessage(measuredOf(comparison, EXACTLY_ONCE)), 0)} µs`,
  ),
  row(
    '… above the same packets and flushed writes alone, once warm',
    '',
    'latency-each1000',
    (comparison) => `${figure(warmCpu(comparison, EXACTLY_ONCE) - warmCpu(comparison, BARE), 0)} µs`,
  ),
  row('… what it adds to the median', '≤ 1 ms', 'latency-each1000', added('p50Ms')),
  row('… what it adds to the 99th percentile', '≤ 3 ms', 'latency-each1000', added('p99Ms')),
  row(
    'recovery with 1,000,000 messages in an outbox',
    '< 1,000 ms',
    'recovery',
    figureOf('1,000,000 messages', 'runningMs', 'ms', 0),
  ),
  row('state of 10,000 keys, beside memory', '≥ 0.4', 'keyed-10000', beside(ratePerSecond, STORED, IN_MEMORY)),
  row('state of 2,000,000 keys, messages/s', '≥ 100,000', 'keyed-2000000', (comparison) =>
    Math.round(ratePerSecond(measuredOf(comparison, STORED))).toLocaleString('en-US'),
  ),
  row(
    '… its RSS',
    '< 600 MB',
    'keyed-2000000',
    (comparison) => `${figure(measuredOf(comparison, STORED).maxRssBytes / 1e6, 0)} MB`,
  ),
  row(
    '… without pages of files, which the kernel takes back',
    '< 600 MB',
    'keyed-2000000',
    figureOf(STORED, 'ownRssMb', 'MB', 0),
  ),
  row(
    'averages of a minute of 10,000 keys, beside state by key',
    '≥ 0.5',
    'windows-tumbling-10k',
    beside(ratePerSecond, STORED_WINDOWS, KEYED),
  ),
  row('all CPU by the number of messages, steepest slope', '≤ 1.05', 'slope-messages', steepest),
  row('CPU of a message by the number of topics, steepest slope', '≤ 0.1', 'slope-topics', steepest),
  row(
    'cluster, window 1,000: one partition beside one process',
    '≥ 0.8',
    'cluster-window1000',
    beside(ratePerSecond, ONE, ALONE),
  ),
  row('… two partitions beside one', '≥ 1.4', 'cluster-window1000', beside(ratePerSecond, NODES[2], ONE)),
  row('… four partitions beside one', '≥ 1.6', 'cluster-window1000', beside(ratePerSecond, NODES[4], ONE)),
  row(
    'a commit of 20 KB on a cluster, median',
    '≤ 3 ms',
    'cluster-commits',
    figureOf('cluster, 20 KB', 'p50Ms', 'ms', 2),
  ),
  row(
    '… 99th percentile, where each server has a disk',
    '≤ 25 ms',
    'cluster-commits',
    figureOf('cluster, 20 KB', 'p99Ms', 'ms', 1),
  ),
  row('takeover after `kill -9`, 99th percentile', '≤ 4 s', 'cluster-takeover', figureOf('kill -9', 'runsP99', 's', 2)),
  row(
    'takeover from a node that hands over, 99th percentile',
    '≤ 0.5 s',
    'cluster-takeover',
    figureOf('SIGTERM, handed over', 'runsP99', 's', 2),
  ),
  row(
    '1,000,000 keys to a node that has nothing',
    '≤ 5,000 ms',
    'cluster-restore',
    figureOf('a node that has nothing', 'restoreMs', 'ms', 0),
  ),
  row(
    '… to a standby',
    '≤ 1,000 ms',
    'cluster-restore',
    figureOf('a standby, after kill -9 of the owner', 'restoreMs', 'ms', 0),
  ),
];
