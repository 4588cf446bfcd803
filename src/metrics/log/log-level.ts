import type { DiagnosticName } from '../diagnostics.js';
import { type Facts, factsOf, textOf } from '../warnings/facts.js';

/** How much an event matters: `error` ends a job, `warn` is to be looked at, `info` happens in the life of a job, `debug` all the time. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What depends on the facts is in `levelOf`. */
const LEVELS: Readonly<Record<Exclude<DiagnosticName, 'job' | 'disconnect'>, LogLevel>> = {
  connect: 'info',
  'session-lost': 'warn',
  'session-went-back': 'warn',
  'session-not-kept': 'warn',
  'session-unverified': 'warn',
  'session-verified': 'debug',
  'session-unknown': 'warn',
  'session-expiry-shortened': 'warn',
  'session-suspect': 'warn',
  reconnect: 'debug',
  'refused-for-now': 'warn',
  'server-unusable': 'warn',
  'client-id-examined': 'warn',
  'older-version': 'warn',
  'shared-below-5': 'warn',
  'will-at-takeover': 'warn',
  'granted-qos': 'warn',
  publish: 'debug',
  'message-suspected': 'warn',
  'packet-ids-spent': 'warn',
  'qos-downgraded': 'warn',
  'message-expired': 'warn',
  acknowledge: 'debug',
  receive: 'debug',
  process: 'debug',
  processed: 'debug',
  'hand-over': 'debug',
  message: 'debug',
  delivered: 'debug',
  reauthenticated: 'info',
  redirect: 'info',
  'redirect-refused': 'warn',
  'insecure-tls': 'warn',
  'credentials-in-clear': 'warn',
  'properties-dropped': 'warn',
  'properties-unasked': 'info',
  'message-unmatched': 'warn',
  'overlapping-filters': 'warn',
  'message-malformed': 'warn',
  'message-again': 'info',
  'qos-below-subscription': 'warn',
  'messages-dropped': 'warn',
  'outbox-restored': 'info',
  'outbox-full': 'warn',
  'stream-idle': 'info',
  'stream-behind': 'warn',
  'items-late': 'warn',
  'keys-grow': 'warn',
  'clock-set-back': 'warn',
  'clock-set-ahead': 'warn',
  'delivery-unverified': 'warn',
  'letters-read-again': 'warn',
  'edge-message-dropped': 'warn',
  'close-failed': 'warn',
  retrying: 'warn',
  'retry-over': 'info',
  'given-up': 'warn',
  'begun-from-snapshot': 'warn',
  'changes-held-back': 'warn',
  'sink-position-reset': 'warn',
  'table-waiting': 'warn',
  'table-loaded': 'info',
  'table-failed': 'warn',
  'table-full': 'warn',
  'table-row-rejected': 'warn',
  'table-row-unretained': 'warn',
};

/** Events of a job, by their kind. One that is not here is information, unless it has an error. */
const OF_JOBS: ReadonlyMap<string, LogLevel> = new Map([
  ['sinks-away', 'warn'],
  ['stopped-early', 'warn'],
  ['store-unused', 'warn'],
  ['node-gone', 'warn'],
  ['partition-lost', 'warn'],
  ['partition-claimed', 'debug'],
  ['commit-stalled', 'warn'],
  ['records-removed', 'warn'],
  ['epochs-behind', 'error'],
]);

const DISCONNECTED: ReadonlyMap<string, LogLevel> = new Map([
  ['fail', 'error'],
  ['closed', 'info'],
]);

/** The level of an event, by what it tells. */
export const levelOf = (name: DiagnosticName, facts: Facts): LogLevel => {
  if (name === 'job') return levelOfJob(facts);
  return name === 'disconnect' ? (DISCONNECTED.get(textOf(facts, 'next')) ?? 'warn') : LEVELS[name];
};

const levelOfJob = (facts: Facts): LogLevel => {
  const { error } = facts;
  // a job that was cancelled has failed by that, too
  if (facts.status === 'FAILED') return textOf(factsOf(error), 'code') === 'ABORTED' ? 'info' : 'error';
  return OF_JOBS.get(textOf(facts, 'kind')) ?? (error === undefined ? 'info' : 'warn');
};
