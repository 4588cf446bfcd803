import { errorWords } from '../../internal/error-words.js';
import { foreignText } from '../../internal/visible-text.js';
import { factsOf, textOf } from '../../metrics/warnings/facts.js';
import type { JobFigures } from './job-snapshot.js';

/** A broker that is busy, or starts again, confirms something by then. */
const STUCK_MS = 10_000;

/** Why it does not run, or what of it does not go its way; empty: nothing. */
export const reasonsOf = (job: JobFigures): readonly string[] => {
  if (job.status !== 'RUNNING') return [`job "${job.name}" is ${job.status}${why(job)}`];
  return [...awayIn(job), ...retryingIn(job), ...fullIn(job), ...stuckIn(job)];
};

/** While it starts, what it waits for: its tables come before its sources and sinks. */
const why = ({ awaitedTables, sessions }: JobFigures): string => {
  const tables = awaitedTables.map(({ name, trouble }) => `table "${foreignText(name)}": ${words(trouble.message)}`);
  if (tables.length > 0) return `, and waits for ${tables.join(', and ')}`;
  const trouble = sessions.find(({ connected }) => !connected)?.trouble;
  return trouble === undefined ? '' : `: ${words(trouble.message)}`;
};

/** Counted, so that it is known of connections of which no event has told: those that were lost before the server began. */
const awayIn = (job: JobFigures): readonly string[] => [
  ...partsWhere(job.sources, 'millrace_connected', (up) => up === 0).map((name) => awayWords(job, 'source', name)),
  ...Object.keys(job.sinks)
    .filter((name) => lacksClient(job, name))
    .map((name) => awayWords(job, 'sink', name)),
];

/** Of several clients the sum is told: one that is away shows by its last event, or where none is up. */
const lacksClient = (job: JobFigures, sink: string): boolean =>
  job.sinks[sink]?.millrace_connected === 0 || connectionOf(job, 'sink', sink) !== undefined;

const connectionOf = ({ sessions }: JobFigures, kind: 'source' | 'sink', name: string) =>
  sessions.find(
    (session) =>
      !session.connected &&
      (kind === 'source' ? session.name === `source ${name}` : session.name.replace(/-\d+$/, '') === name),
  );

const awayWords = (job: JobFigures, kind: 'source' | 'sink', name: string): string => {
  const message = connectionOf(job, kind, name)?.trouble?.message;
  return `${kind} "${name}" is not connected${message === undefined ? '' : `: ${words(message)}`}`;
};

const retryingIn = (job: JobFigures): readonly string[] => {
  const parts = { source: job.sources, stage: job.stages, sink: job.sinks };
  return Object.entries(parts).flatMap(([kind, figures]) =>
    partsWhere(figures, 'millrace_retrying', (on) => on > 0).map((name) => retryingWords(job, `${kind} "${name}"`)),
  );
};

/** By the last event, which comes rarely in a long outage. */
const retryingWords = ({ errors }: JobFigures, part: string): string => {
  const last = errors.findLast(({ event, facts }) => event === 'retrying' && facts.part === part);
  const message = textOf(factsOf(last?.facts.error), 'message');
  return `${part} fails and is tried again${message === '' ? '' : `: ${words(message)}`}`;
};

const fullIn = ({ outboxes }: JobFigures): readonly string[] =>
  outboxes
    .filter(({ messages, bytes, maxMessages, maxBytes }) => messages >= maxMessages || bytes >= maxBytes)
    .map(({ sink }) => `the outbox of sink "${sink}" is full: what leads to it is not read`);

const stuckIn = ({ windows }: JobFigures): readonly string[] =>
  windows
    .filter(({ unconfirmedMs }) => unconfirmedMs >= STUCK_MS)
    .map(
      ({ sink, inFlight, unconfirmedMs }) =>
        `sink "${sink}" is connected, and its broker has confirmed none of ${inFlight} messages for ${Math.round(unconfirmedMs / 1000)} s`,
    );

const partsWhere = (parts: JobFigures['sources'], metric: string, is: (value: number) => boolean): readonly string[] =>
  Object.entries(parts).flatMap(([name, figures]) => {
    const value = figures[metric];
    return value !== undefined && is(value) ? [name] : [];
  });

const words = (message: string): string => foreignText(errorWords(message));
