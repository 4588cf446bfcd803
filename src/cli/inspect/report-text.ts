import { errorLine } from '../job/error-line.js';
import type { OutboxReport, SessionReport, SinkReport, SourceReport, StageReport } from './describe-contents.js';
import type { TimeReport } from './describe-time.js';
import type { InspectionReport, PartitionReport, RowReport, StateReport } from './inspection-report.js';
import type { ShownBytes } from './shown-value.js';
import type { WindowReport } from './shown-windows.js';

/** A report for people, as lines. Names and topics are as they were stored. */
export const reportLines = ({ location, owner, partitions, problems }: InspectionReport): readonly string[] => [
  owner === undefined ? location : `${location}, last opened by ${owner}`,
  ...problems.map(problemLine),
  ...(partitions.length === 0 ? ['no job has anything stored here'] : partitions.flatMap(partitionLines)),
];

const partitionLines = (report: PartitionReport): readonly string[] => {
  const { job, partition, place, problems, contents, complete, states, rows } = report;
  return [
    `${job === undefined ? place : `job ${job}, partition ${partition}`}: ${logText(report)}`,
    ...problems.map(problemLine),
    ...(contents?.careful === true
      ? ['  takes its inputs one by one until 10,000 have gone well: a run lost work to a failing item']
      : []),
    ...(contents?.sources.flatMap(sourceLines) ?? []),
    ...(contents?.stages.flatMap(stageLines) ?? []),
    ...(contents?.time.map(timeLine) ?? []),
    ...(contents?.sinks.flatMap(sinkLines) ?? []),
    ...(contents !== undefined && contents.unknownKeys > 0
      ? [`  ${grouped(contents.unknownKeys)} records that this version does not know`]
      : []),
    ...(complete || contents === undefined ? [] : ['  there is more: counts end at --limit']),
    ...states.flatMap(stateLines),
    ...rows.flatMap(rowLines),
  ];
};

const logText = ({ log, contents, states, rows, problems }: PartitionReport): string => {
  if (log === undefined) {
    if (contents !== undefined || states.length + rows.length > 0) return 'a store of an earlier version';
    return problems.length > 0 ? 'not read' : 'never opened';
  }
  const { seq, epoch, segments, tailBytes, snapshot } = log;
  const behind = snapshot === undefined ? '' : ` behind a snapshot of ${bytesText(snapshot.bytes)}`;
  const files = segments === undefined ? '' : ` in ${many(segments, 'file')}`;
  return `log at ${seq}, epoch ${epoch}, ${bytesText(tailBytes)}${behind}${files}`;
};

const sourceLines = (source: SourceReport): readonly string[] => {
  const { name, position, inboundIds, inbound, finished, knownKeys, state } = source;
  const facts = [
    position === undefined ? 'nothing committed' : `position ${position}`,
    ...(inboundIds === undefined ? [] : [`inbound ids ${inbound === 0 ? 'none' : idsText(inboundIds, inbound)}`]),
    ...(finished > 0 ? [`${many(finished, 'finished id')} remembered`] : []),
    ...(knownKeys === undefined ? [] : [`${many(knownKeys, 'key')} known`]),
    ...(state === undefined ? [] : [`state ${oneLine(state)}`]),
  ];
  return [`  source ${name}${storedText(source)}: ${facts.join(', ')}`, ...portLines(source)];
};

const storedText = ({ name, storedAs }: Pick<SinkReport, 'name' | 'storedAs'>): string =>
  name === storedAs ? '' : ` (stored as ${storedAs})`;

const idsText = (ids: readonly number[], count: number): string =>
  `${grouped(count)} (${ids.join(' ')}${count > ids.length ? ' …' : ''})`;

const sinkLines = (sink: SinkReport): readonly string[] => [
  `  sink ${sink.name}${storedText(sink)}: ${sink.reached === undefined ? 'never reached' : 'reached'}`,
  ...portLines(sink),
  ...sink.outboxes.map(outboxLine),
];

const outboxLine = ({ name, rows, bytes, sent, oldest, end }: OutboxReport): string => {
  if (rows === 0) return `    outbox ${name}: empty, ${grouped(end)} delivered`;
  const sentText = sent === undefined ? '' : `, ${grouped(sent)} sent without a last answer`;
  const topic = oldest?.topic === undefined ? '' : ` to ${oldest.topic}`;
  const since = oldest?.storedAt === undefined ? '' : `, there since ${oldest.storedAt}`;
  const oldestText =
    oldest === undefined ? '' : `; oldest is ${oldest.seq}${topic}, ${bytesText(oldest.bytes)}${since}`;
  return `    outbox ${name}: ${many(rows, 'row')}, ${bytesText(bytes)}${sentText}${oldestText}`;
};

const stageLines = ({
  name,
  keys,
  windows,
  bytes,
  pendingCalls,
  timers,
  nextTimer,
}: StageReport): readonly string[] => [
  ...(pendingCalls === undefined ? [] : [`  stage ${name}: ${many(pendingCalls, 'pending call')}`]),
  ...(pendingCalls === undefined || keys > 0
    ? [`  stage ${name}: ${many(keys, 'key')}, ${bytesText(bytes)}${windows === undefined ? '' : `, ${windows}`}`]
    : []),
  ...(timers === undefined
    ? []
    : [`  stage ${name}: ${many(timers, 'timer')}${nextTimer === undefined ? '' : `, the next look at ${nextTimer}`}`]),
];

const portLines = ({ sessions, notes }: Pick<SinkReport, 'sessions' | 'notes'>): readonly string[] => [
  ...sessions.map(sessionLine),
  ...Object.entries(notes).map(([name, note]) => `    ${name}: ${oneLine(note)}`),
];

const sessionLine = (session: SessionReport): string => {
  const { clientId, server, version, phase, epoch, connecting, lost, wentBack, subscriptions } = session;
  const at =
    server === undefined ? '' : ` at ${server}${version === undefined ? '' : ` (MQTT ${versionText(version)})`}`;
  const signs = [
    ...(connecting ? ['a connect was under way'] : []),
    ...(lost ? ['LOST, and nobody has decided yet'] : []),
    ...(wentBack ? ['WENT BACK to an earlier time'] : []),
    ...subscriptions.map(({ filter, qos, granted }) => `${filter} QoS ${granted}${granted < qos ? ` of ${qos}` : ''}`),
  ];
  return `    session ${clientId}${at}: ${[phase, `epoch ${epoch}`, ...signs].join(', ')}`;
};

const VERSIONS: Readonly<Record<number, string>> = { 3: '3.1', 4: '3.1.1', 5: '5.0' };
const versionText = (version: number): string => VERSIONS[version] ?? `${version}`;

const stateLines = ({ stage, key, keyType, version, windows, ...state }: StateReport): readonly string[] => {
  const head = `  stage ${stage}, key ${key} (${keyType}), codec version ${version}`;
  return windows === undefined
    ? [`${head}: ${valueText(state)}`]
    : [`${head}: ${many(windows.length, 'part')} of open windows`, ...windows.map(windowLine)];
};

const windowLine = ({ start, end, windows, ...state }: WindowReport): string =>
  `    ${start} to ${end}${windows === 1 ? '' : ` (${many(windows, 'window')})`}: ${valueText(state)}`;

const valueText = ({ value, bytes }: Pick<StateReport, 'value' | 'bytes'>): string =>
  value === undefined ? shown(bytes) : oneLine(value);

const timeLine = ({ at, watermark, pace }: TimeReport): string =>
  `  event time, ${at}: ${watermark ?? 'none yet'}${pace === undefined || pace === 'going' ? '' : `, ${pace}`}`;

const rowLines = (row: RowReport): readonly string[] => {
  const { outbox, seq, delivered, topic, qos, retain, expires, payload, item, bytes } = row;
  const facts = [
    ...(delivered ? ['delivered'] : []),
    ...(topic === undefined ? [] : [`to ${topic}`, `QoS ${qos}`]),
    ...(retain === true ? ['retained'] : []),
    ...(expires === undefined ? [] : [`expires ${expires}`]),
  ];
  const content = payload ?? bytes;
  const text = content === undefined ? oneLine(item ?? '') : shown(content);
  return [`  outbox ${outbox}, row ${seq}${facts.length > 0 ? `, ${facts.join(', ')}` : ''}: ${text}`];
};

const shown = (bytes: ShownBytes): string => ('text' in bytes ? bytes.text : `base64 ${bytes.base64}`);

const problemLine = (error: unknown): string => `  PROBLEM ${errorLine(error)}`;

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ');

const many = (count: number, what: string): string => `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;

const grouped = (count: number): string => count.toLocaleString('en-US');

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

const bytesText = (bytes: number): string => {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`;
};
