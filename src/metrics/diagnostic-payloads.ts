import type { ToldError } from '../errors/millrace-error.js';

/** What each diagnostics channel tells, by its name without `millrace:`. A `version` is 5 (5.0), 4 (3.1.1) or 3 (3.1). A later version may tell more. */
export interface DiagnosticPayloads {
  /** An event of a job: what its `kind` is, `onEvent` of the job says. An `error` is a MillraceError. */
  readonly job: Readonly<Record<string, unknown>>;
  /** A broker has accepted a connection. `name`: `source x`, or the sink and the number of its client. */
  readonly connect: {
    readonly name: string;
    readonly server: string;
    readonly version: 3 | 4 | 5;
    readonly sessionPresent: boolean;
    readonly clientId: string;
    readonly epoch: number;
    readonly sessionExpiryInterval: number | undefined;
  };
  /** An attempt or a connection has ended, and what follows. */
  readonly disconnect: {
    readonly name: string;
    readonly error: ToldError;
    readonly next: 'retry' | 'rest' | 'fail' | 'closed';
  };
  /** A broker does not have our session. */
  readonly 'session-lost': { readonly name: string; readonly policy: string };
  /** A broker has our session as it was at an earlier time. */
  readonly 'session-went-back': { readonly name: string; readonly clientId: string; readonly policy: string };
  /** At a first start under exactly-once: the broker does not keep our session. */
  readonly 'session-not-kept': { readonly name: string; readonly clientId: string; readonly policy: string };
  /** Nothing shows that the session is ours; `stored`: false in a job without a store, where nothing depends on it. */
  readonly 'session-unverified': {
    readonly name: string;
    readonly clientId: string;
    readonly server: string;
    readonly stored: boolean;
  };
  /** The session was shown to be ours, and of now. */
  readonly 'session-verified': { readonly name: string; readonly clientId: string };
  /** A broker has a session that the store knows nothing of. */
  readonly 'session-unknown': { readonly name: string; readonly clientId: string; readonly policy: string };
  /** The session lives shorter than asked, in seconds. */
  readonly 'session-expiry-shortened': {
    readonly name: string;
    readonly clientId: string;
    readonly asked: number;
    readonly granted: number;
  };
  /** The broker lost the session and did not say so. */
  readonly 'session-suspect': { readonly source: string; readonly packetId: number };
  /** The next attempt begins. */
  readonly reconnect: { readonly name: string; readonly server: string };
  /** A broker that had accepted us refuses us; it is tried again. */
  readonly 'refused-for-now': {
    readonly name: string;
    readonly server: string;
    readonly error: ToldError;
    readonly waitMs: number;
  };
  /** One server of a list answers CONNECT with what cannot be taken; the others are asked on. */
  readonly 'server-unusable': { readonly name: string; readonly server: string; readonly error: ToldError };
  /** A trial was held after connections that ended early. */
  readonly 'client-id-examined': {
    readonly name: string;
    readonly clientId: string;
    readonly server: string;
    readonly verdict: string;
  };
  /** A broker is spoken to in an older version than 5.0, which nobody asked for. */
  readonly 'older-version': {
    readonly name: string;
    readonly server: string;
    readonly version: 3 | 4 | 5;
    readonly because: 'refused' | 'closed' | 'epoch';
  };
  /** A filter begins with `$share/`, which this version does not know. */
  readonly 'shared-below-5': {
    readonly name: string;
    readonly server: string;
    readonly version: 3 | 4 | 5;
    readonly filters: readonly string[];
  };
  /** The broker publishes the will at each takeover by another machine. */
  readonly 'will-at-takeover': {
    readonly name: string;
    readonly clientId: string;
    readonly server: string;
    readonly version: 3 | 4 | 5;
  };
  /** A subscription was granted below what was asked for. */
  readonly 'granted-qos': {
    readonly name: string;
    readonly filter: string;
    readonly requested: 0 | 1 | 2;
    readonly granted: 0 | 1 | 2;
  };
  /** A message came. `property` gives the values of a user property: a function, so that no log has what others wrote there. */
  readonly receive: {
    readonly source: string;
    /** Grows by one with each message of a session. */
    readonly token: number;
    readonly topic: string;
    readonly qos: 0 | 1 | 2;
    readonly retain: boolean;
    readonly dup: boolean;
    readonly payloadBytes: number;
    readonly property: (name: string) => readonly string[];
  };
  /** The message with this token is taken by the job, at this position, which counts from 0 in each run. */
  readonly process: { readonly source: string; readonly token: number; readonly position: number };
  /** All up to this position is done: delivered, or durable, and acknowledged. */
  readonly processed: { readonly source: string; readonly upTo: number };
  /**
   * What the messages of a poll led to, from position `first` to `last`, goes to a sink; what the sink makes of it is told meanwhile
   * (`bindStore`). Of inputs of an earlier run `first` is above `last`.
   */
  readonly 'hand-over': {
    readonly sink: string;
    readonly source: string;
    readonly first: number;
    readonly last: number;
  };
  /** A sink has made a message for a 5.0 broker, which is not stored or sent yet. `addProperty` adds a user property to it. */
  readonly message: {
    readonly sink: string;
    readonly topic: string;
    readonly qos: 0 | 1 | 2;
    readonly property: (name: string) => readonly string[];
    readonly addProperty: (name: string, value: string) => void;
  };
  /** What became of a message: its broker has confirmed it, or at QoS 0 it is written; it was given up; or refused. `number` as in `publish`. */
  readonly delivered: {
    readonly sink: string;
    readonly number: number;
    readonly outcome: 'delivered' | 'dropped' | 'refused';
  };
  /** A message is sent: one for each. `number` is its own in this process; `property` as in `receive`. */
  readonly publish: {
    readonly sink: string;
    readonly number: number;
    readonly property: (name: string) => readonly string[];
    readonly topic: string;
    readonly qos: 0 | 1 | 2;
    readonly retain: boolean;
    readonly payloadBytes: number;
  };
  /** The broker ended a connection at a message, and what is found out about it. */
  readonly 'message-suspected': {
    readonly sink: string;
    readonly finding: string;
    readonly topic: string;
    readonly qos: 0 | 1 | 2;
    readonly payloadBytes: number;
    readonly item: number;
  };
  /** The packet id of a QoS 2 message that was given up unanswered is used again: no other one is left in this session. */
  readonly 'packet-ids-spent': { readonly sink: string; readonly topic: string; readonly packetId: number };
  /** The broker has no QoS 2. */
  readonly 'qos-downgraded': {
    readonly sink: string;
    readonly topic: string;
    readonly qos: 0 | 1 | 2;
    readonly taken: 0 | 1 | 2;
  };
  /** A message expired before it was first sent. */
  readonly 'message-expired': { readonly sink: string; readonly topic: string; readonly qos: 0 | 1 | 2 };
  /** Messages are acknowledged: one for each time, under load of many. */
  readonly acknowledge: { readonly source: string; readonly mark: number; readonly count: number };
  /** A live connection was authenticated anew. */
  readonly reauthenticated: { readonly name: string; readonly server: string; readonly method: string };
  /** A broker sent us to another server, and we follow. */
  readonly redirect: {
    readonly name: string;
    readonly server: string;
    readonly moved: boolean;
    readonly to: string;
  };
  /** The same, and we do not follow. */
  readonly 'redirect-refused': {
    readonly name: string;
    readonly server: string;
    readonly moved: boolean;
    readonly problem: string | undefined;
  };
  /** A certificate is not verified. */
  readonly 'insecure-tls': { readonly name: string; readonly server: string };
  /** A password goes to another machine over a connection without TLS. */
  readonly 'credentials-in-clear': { readonly name: string; readonly server: string };
  /** Properties cannot go over a 3.x connection (`sink`), or were left out of a message that came (`source`). */
  readonly 'properties-dropped': {
    readonly sink?: string;
    readonly source?: string;
    readonly topic: string;
    readonly properties?: readonly string[];
  };
  /** A CONNACK answers what we did not ask for. */
  readonly 'properties-unasked': {
    readonly name: string;
    readonly clientId: string;
    readonly properties: readonly string[];
  };
  /** A message of a filter that the program no longer has. */
  readonly 'message-unmatched': { readonly source: string; readonly topic: string };
  /** Some topics match two filters of a source. */
  readonly 'overlapping-filters': { readonly source: string; readonly filters: readonly (readonly string[])[] };
  /** A message is none by the specification. */
  readonly 'message-malformed': {
    readonly source: string;
    readonly topic: string;
    readonly qos: 0 | 1 | 2;
    readonly error: ToldError;
  };
  /** The broker sent a finished QoS 2 message again. */
  readonly 'message-again': { readonly source: string; readonly topic: string; readonly packetId: number };
  /** A message came below the QoS that the guarantee needs. */
  readonly 'qos-below-subscription': {
    readonly source: string;
    readonly topic: string;
    readonly qos: 0 | 1 | 2;
    readonly needed: 0 | 1 | 2;
    readonly policy: string;
  };
  /** QoS 0 messages come faster than they are taken. */
  readonly 'messages-dropped': { readonly source: string; readonly policy: string };
  /** A sink's outbox is opened. */
  readonly 'outbox-restored': {
    readonly sink: string;
    readonly clientId: string;
    readonly unsent: number;
    readonly inDoubt: number;
    readonly dropped: number;
  };
  /** An outbox has reached its bound. */
  readonly 'outbox-full': {
    readonly job: string;
    readonly sink: string;
    readonly messages: number;
    readonly bytes: number;
  };
  /** No item has come to a stream with timestamps for a while: it does not hold the time of others back. */
  readonly 'stream-idle': { readonly job: string; readonly stage: string };
  /**
   * A stream with timestamps goes on, is far behind the others that it meets, and comes no nearer: time stands where it does. Told first, and
   * each time that it is twice as far behind.
   */
  readonly 'stream-behind': {
    readonly job: string;
    readonly partition: number;
    /** Where its time is made: the stage that gives the timestamps, an exchange between partitions, or a stage with calls or timers. */
    readonly stage: string;
    /** Of its timestamps. */
    readonly source: string | undefined;
    /** The partition from which it comes, of an exchange. */
    readonly from: number | undefined;
    /** Undefined: it has brought no item yet. */
    readonly behindMs: number | undefined;
    /** In milliseconds since 1970; undefined as above. */
    readonly watermarkMs: number | undefined;
    /** How long that is so. */
    readonly forMs: number;
    /** The stage of the stream that is ahead. */
    readonly ahead: string;
  };
  /** Items came when all their windows in this stage had ended: the first, and each time they have doubled. */
  readonly 'items-late': { readonly job: string; readonly stage: string; readonly items: number };
  /** A stage that forgets no key has twice as many as when it was told last. */
  readonly 'keys-grow': { readonly job: string; readonly stage: string; readonly keys: number };
  /**
   * The clock of the machine was set back, and the time of a run stands still until it has caught up; or, at the begin of a run, that of a
   * stream to which an earlier one has given ingestion timestamps.
   */
  readonly 'clock-set-back': {
    readonly job: string;
    readonly byMs: number;
    /** Gives the timestamps; undefined for the time of the run. */
    readonly stage: string | undefined;
  };
  /** The clock of the machine has gone ahead by so much more than has passed: it was set, or the machine slept. */
  readonly 'clock-set-ahead': { readonly job: string; readonly byMs: number };
  /** A message counts as delivered by a session that nothing proves to be ours. */
  readonly 'delivery-unverified': { readonly sink: string; readonly topic: string };
  /** A dead letter is read again, and rejected again. */
  readonly 'letters-read-again': { readonly sink: string; readonly topic: string; readonly origin: string };
  /** What came between partitions is no message of an exchange. */
  readonly 'edge-message-dropped': {
    readonly job: string;
    readonly exchange: string;
    readonly partition: number;
    readonly reason: string;
    readonly dropped: number;
  };
  /** A source or sink was closed and did not end well; `job`: in one. */
  readonly 'close-failed': { readonly job?: string; readonly part: string; readonly error: ToldError };
  /** A function of a source or sink, a database, or a call of a stage failed, and is tried again. */
  readonly retrying: {
    readonly job: string;
    readonly part: string;
    readonly failures: number;
    readonly call: string;
    readonly attempt: number;
    readonly waitMs: number;
    readonly error: ToldError;
  };
  /** That part works again, or has given up. */
  readonly 'retry-over': {
    readonly job: string;
    readonly part: string;
    readonly outcome: string;
    readonly failures: number;
    readonly elapsedMs: number;
  };
  /** What was stored for a part that is no more was removed. */
  readonly 'given-up': { readonly job: string; readonly part: string; readonly stored: string };
  /** A job begins with the state of a snapshot. */
  readonly 'begun-from-snapshot': {
    readonly job: string;
    readonly snapshot: string;
    /** The job whose state it was. */
    readonly of: string;
    readonly takenAtMs: number;
    /** Messages that the outboxes of that job had then. */
    readonly undelivered: number;
  };
  /** A transaction keeps a source from giving the rows behind it. */
  readonly 'changes-held-back': {
    readonly source: string;
    readonly table: string;
    readonly heldMs: number;
    readonly pids: readonly number[];
  };
  /** A sink to a database has taken over a position, or accepted that it is lost. */
  readonly 'sink-position-reset': {
    readonly sink: string;
    readonly job: string;
    readonly reason: string;
    readonly seq: number;
    readonly found: number | undefined;
  };
  /** The first rows of a table cannot be had yet, and the job waits for them. */
  readonly 'table-waiting': {
    readonly job: string;
    readonly table: string;
    readonly attempts: number;
    readonly error: ToldError;
  };
  /** A table has all its rows, the first time or anew. */
  readonly 'table-loaded': { readonly job: string; readonly table: string; readonly rows: number };
  /** A table could not be loaded anew, and stays as it is. */
  readonly 'table-failed': {
    readonly job: string;
    readonly table: string;
    readonly rows: number;
    readonly waitMs: number;
    readonly error: ToldError;
  };
  /** A table has no room for another row. */
  readonly 'table-full': {
    readonly job: string;
    readonly table: string;
    readonly rows: number;
    readonly maxRows: number;
    /** Of the messages that gave the rows. */
    readonly bytes: number;
    readonly maxBytes: number;
  };
  /** A message gives no row of a table. */
  readonly 'table-row-rejected': {
    readonly job: string;
    readonly table: string;
    readonly rows: number;
    readonly topic: string;
    readonly error: ToldError;
  };
  /** A message of the topic of a row came without the RETAIN flag, on MQTT 5, and is left out; told once. */
  readonly 'table-row-unretained': {
    readonly job: string;
    readonly table: string;
    readonly rows: number;
    readonly topic: string;
  };
}
