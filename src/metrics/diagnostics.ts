import { type Channel, channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { DiagnosticPayloads } from './diagnostic-payloads.js';

/** What can be told on a diagnostics channel, all of it. */
export const DIAGNOSTIC_NAMES = [
  'job',
  'connect',
  'disconnect',
  'session-lost',
  'session-went-back',
  'session-not-kept',
  'session-unverified',
  'session-verified',
  'session-unknown',
  'session-expiry-shortened',
  'session-suspect',
  'reconnect',
  'refused-for-now',
  'server-unusable',
  'client-id-examined',
  'older-version',
  'shared-below-5',
  'will-at-takeover',
  'granted-qos',
  'publish',
  'message-suspected',
  'packet-ids-spent',
  'qos-downgraded',
  'message-expired',
  'acknowledge',
  'receive',
  'process',
  'processed',
  'hand-over',
  'message',
  'delivered',
  'reauthenticated',
  'redirect',
  'redirect-refused',
  'insecure-tls',
  'credentials-in-clear',
  'properties-dropped',
  'properties-unasked',
  'message-unmatched',
  'overlapping-filters',
  'message-malformed',
  'message-again',
  'qos-below-subscription',
  'messages-dropped',
  'outbox-restored',
  'outbox-full',
  'stream-idle',
  'stream-behind',
  'items-late',
  'keys-grow',
  'clock-set-back',
  'clock-set-ahead',
  'delivery-unverified',
  'letters-read-again',
  'edge-message-dropped',
  'close-failed',
  'retrying',
  'retry-over',
  'given-up',
  'begun-from-snapshot',
  'changes-held-back',
  'sink-position-reset',
  'table-waiting',
  'table-loaded',
  'table-failed',
  'table-full',
  'table-row-rejected',
  'table-row-unretained',
] as const;

/** They are told of each message: whoever listens makes every message dearer. */
export const OF_EACH_MESSAGE: readonly DiagnosticName[] = [
  'receive',
  'process',
  'processed',
  'hand-over',
  'message',
  'publish',
  'delivered',
  'acknowledge',
];

/** One of them. The channel's name is `millrace:` and this. */
export type DiagnosticName = (typeof DIAGNOSTIC_NAMES)[number];

/** Plain facts: names, counts, topics, error codes. Never a payload, user name, password or token. */
export type DiagnosticData<N extends DiagnosticName = DiagnosticName> = DiagnosticPayloads[N];

/** Made once, so that an event to which nobody listens costs no look-up by name. */
const channels: Readonly<Record<DiagnosticName, Channel>> = {
  job: channel('millrace:job'),
  connect: channel('millrace:connect'),
  disconnect: channel('millrace:disconnect'),
  'session-lost': channel('millrace:session-lost'),
  'session-not-kept': channel('millrace:session-not-kept'),
  'session-went-back': channel('millrace:session-went-back'),
  'session-unverified': channel('millrace:session-unverified'),
  'session-verified': channel('millrace:session-verified'),
  'session-unknown': channel('millrace:session-unknown'),
  'session-expiry-shortened': channel('millrace:session-expiry-shortened'),
  'session-suspect': channel('millrace:session-suspect'),
  reconnect: channel('millrace:reconnect'),
  'refused-for-now': channel('millrace:refused-for-now'),
  'server-unusable': channel('millrace:server-unusable'),
  'client-id-examined': channel('millrace:client-id-examined'),
  'older-version': channel('millrace:older-version'),
  'shared-below-5': channel('millrace:shared-below-5'),
  'will-at-takeover': channel('millrace:will-at-takeover'),
  'granted-qos': channel('millrace:granted-qos'),
  publish: channel('millrace:publish'),
  'message-suspected': channel('millrace:message-suspected'),
  'packet-ids-spent': channel('millrace:packet-ids-spent'),
  'qos-downgraded': channel('millrace:qos-downgraded'),
  'message-expired': channel('millrace:message-expired'),
  acknowledge: channel('millrace:acknowledge'),
  receive: channel('millrace:receive'),
  process: channel('millrace:process'),
  processed: channel('millrace:processed'),
  'hand-over': channel('millrace:hand-over'),
  message: channel('millrace:message'),
  delivered: channel('millrace:delivered'),
  redirect: channel('millrace:redirect'),
  'redirect-refused': channel('millrace:redirect-refused'),
  reauthenticated: channel('millrace:reauthenticated'),
  'insecure-tls': channel('millrace:insecure-tls'),
  'credentials-in-clear': channel('millrace:credentials-in-clear'),
  'properties-unasked': channel('millrace:properties-unasked'),
  'properties-dropped': channel('millrace:properties-dropped'),
  'message-malformed': channel('millrace:message-malformed'),
  'message-unmatched': channel('millrace:message-unmatched'),
  'overlapping-filters': channel('millrace:overlapping-filters'),
  'message-again': channel('millrace:message-again'),
  'qos-below-subscription': channel('millrace:qos-below-subscription'),
  'messages-dropped': channel('millrace:messages-dropped'),
  'outbox-restored': channel('millrace:outbox-restored'),
  'outbox-full': channel('millrace:outbox-full'),
  'stream-idle': channel('millrace:stream-idle'),
  'stream-behind': channel('millrace:stream-behind'),
  'items-late': channel('millrace:items-late'),
  'keys-grow': channel('millrace:keys-grow'),
  'clock-set-back': channel('millrace:clock-set-back'),
  'clock-set-ahead': channel('millrace:clock-set-ahead'),
  'delivery-unverified': channel('millrace:delivery-unverified'),
  'letters-read-again': channel('millrace:letters-read-again'),
  'edge-message-dropped': channel('millrace:edge-message-dropped'),
  'close-failed': channel('millrace:close-failed'),
  retrying: channel('millrace:retrying'),
  'retry-over': channel('millrace:retry-over'),
  'given-up': channel('millrace:given-up'),
  'begun-from-snapshot': channel('millrace:begun-from-snapshot'),
  'changes-held-back': channel('millrace:changes-held-back'),
  'sink-position-reset': channel('millrace:sink-position-reset'),
  'table-waiting': channel('millrace:table-waiting'),
  'table-loaded': channel('millrace:table-loaded'),
  'table-failed': channel('millrace:table-failed'),
  'table-full': channel('millrace:table-full'),
  'table-row-rejected': channel('millrace:table-row-rejected'),
  'table-row-unretained': channel('millrace:table-row-unretained'),
};

/** Whether anyone listens: ask before gathering facts. */
export const hasDiagnosticSubscribers = (name: DiagnosticName): boolean => channels[name].hasSubscribers;

/** For what is told of each message: to look the channel up by its name each time would cost more than to ask it. */
export const diagnosticChannel = (name: DiagnosticName): { readonly hasSubscribers: boolean } => channels[name];

/**
 * Tells the subscribers of the `node:diagnostics_channel` named `millrace:<name>`. Costs one property read without any.
 * Subscribers run at once; what they throw goes to `uncaughtException`, never to the caller (Node's rule for channels).
 */
export const publishDiagnostic = <N extends DiagnosticName>(name: N, data: DiagnosticData<N>): void => {
  const target = channels[name];
  if (target.hasSubscribers) target.publish(data);
};

/** Tells the subscribers, and runs `fn` with the stores that they have bound to the channel. To be called only where there are some. */
export const runDiagnostic = <N extends DiagnosticName, R>(name: N, data: DiagnosticData<N>, fn: () => R): R =>
  channels[name].runStores(data, fn);

/**
 * Has what a channel tells from now on heard, with its type; end it by disposing of what is returned. What `heard` throws goes to
 * `uncaughtException`. Whoever listens to a name that is told of each message (`receive`, `publish` and others) makes every message dearer.
 */
export const onDiagnostic = <N extends DiagnosticName>(
  name: N,
  heard: (data: DiagnosticData<N>, name: N) => void,
): Disposable => {
  // anybody may publish on a channel; what we do has this type (`publishDiagnostic`)
  const onMessage = (message: unknown): void => heard(message as DiagnosticData<N>, name);
  subscribe(`millrace:${name}`, onMessage);
  return { [Symbol.dispose]: () => void unsubscribe(`millrace:${name}`, onMessage) };
};
