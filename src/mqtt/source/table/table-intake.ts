import { isTableKey, type TableKey } from '../../../connector/tables/table.js';
import type { TableMeter } from '../../../connector/tables/table-meter.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { deferred } from '../../../internal/deferred.js';
import { refusePromise } from '../../../internal/refuse-promise.js';
import type { Connection, ConnectionListener } from '../../connection/connection.js';
import { heldBytes } from '../../protocol/held-bytes.js';
import type { ConnectedEvent, MessageEvent, SessionEvent } from '../../protocol/session/session-event.js';
import { ReceivedMessage } from '../received-message.js';
import { checkRetained } from './check-retained.js';
import type { ResolvedTable } from './resolve-table.js';
import type { NewRow, RetainedRows } from './retained-rows.js';
import { TableRound } from './table-round.js';

export interface TableIntakeParts<K extends TableKey, V> {
  readonly table: ResolvedTable<K, V>;
  /** They outlive the connection. */
  readonly rows: RetainedRows<K, V>;
  readonly meter: TableMeter;
}

/**
 * What one connection tells a table. Each CONNACK is followed by a subscription of our own (R14b needs none of the connection's), also
 * where the session goes on: that brings all retained messages anew.
 */
export class TableIntake<K extends TableKey, V> implements ConnectionListener {
  readonly #parts: TableIntakeParts<K, V>;
  readonly #whole = deferred<void>();
  readonly #lost = deferred<MillraceError>();
  #line: Connection | undefined;
  #round: TableRound | undefined;
  /** On 5.0 messages have the flag that they were published with. */
  #tellsRetained = false;
  /** It was told that there is no room. */
  #full = false;
  /** For a row of this round there was none. */
  #leftOut = false;
  /** It was told that messages of a row come without RETAIN. */
  #toldUnretained = false;

  constructor(parts: TableIntakeParts<K, V>) {
    this.#parts = parts;
  }

  /** Before it is opened. */
  attach(line: Connection): void {
    this.#line = line;
  }

  get awaitsGrant(): boolean {
    return this.#round?.awaitsGrant === true;
  }

  /** Resolves when all rows are there for the first time. */
  get whole(): Promise<void> {
    return this.#whole.promise;
  }

  /** Resolves when nothing will come any more. */
  get lost(): Promise<MillraceError> {
    return this.#lost.promise;
  }

  /** Nobody waits for it any more. */
  stop(): void {
    this.#round?.stop();
    this.#lost.resolve(new MillraceError('ABORTED', `table "${this.#parts.table.name}" is closed`));
  }

  onSessionEvents(events: readonly SessionEvent[]): void {
    for (const event of events) {
      if (event.type === 'message') this.#take(event);
      else if (event.type === 'release') this.#line?.session.complete(event.token);
      else if (event.type === 'subscribed' || event.type === 'unsubscribed') this.#round?.answered(event);
    }
    this.#line?.flush();
  }

  onConnected({ version }: ConnectedEvent): void {
    this.#tellsRetained = version === 5;
  }

  onSubscribed(): void {
    const line = this.#line;
    const limits = line?.session.limits;
    if (line === undefined || limits === undefined) return;
    const { rows, table } = this.#parts;
    const problem = checkRetained(table.name, limits);
    if (problem !== undefined) {
      this.#lost.resolve(problem);
      return;
    }
    rows.begin();
    this.#leftOut = false;
    this.#round = new TableRound({
      session: line.session,
      flush: () => line.flush(),
      subscriptions: table.subscriptions(this.#tellsRetained),
      told: () => rows.told,
      ackTimeoutMs: table.ackTimeoutMs,
      onEnd: () => this.#ended(),
      onFailed: (error) => this.#lost.resolve(error),
    });
  }

  onDisconnected(error: MillraceError): void {
    this.#round?.stop();
    this.#round = undefined;
    // what it has failed with for good, or is closed, is for who opens it
    if (this.#line?.state === 'backing-off') this.#parts.meter.waiting(error);
  }

  onSessionLost(): void {
    // the rows are not the session's
  }

  onFailed(error: MillraceError): void {
    this.#lost.resolve(error);
  }

  onDrain(): void {
    // acknowledgements alone are written, which the window bounds
  }

  #ended(): void {
    this.#parts.rows.end();
    this.#full &&= this.#leftOut;
    this.#parts.meter.loaded();
    this.#whole.resolve();
  }

  #take(event: MessageEvent): void {
    this.#round?.heard();
    if (event.qos > 0) this.#line?.session.accept(event.token);
    const { topic, payload, retain, rejection } = event;
    // what was not retained is no row: the next subscription would not bring it
    if (this.#tellsRetained && !retain) {
      this.#leaveOut(topic);
      return;
    }
    if (rejection !== undefined) this.#parts.meter.rejected(topic, rejection.error);
    // one that cannot be read is nobody's
    const key = topic === '' ? undefined : this.#orReject(topic, () => this.#keyOf(topic));
    if (key === undefined) return;
    const row = payload.byteLength === 0 || rejection !== undefined ? undefined : this.#rowOf(event);
    if (row === undefined) this.#parts.rows.remove(key, topic);
    else this.#set(key, { topic, value: row.value, bytes: heldBytes(event), expiresAtMs: expiryOf(event) });
  }

  /** Of the topic of a row: its publisher has forgotten the flag, or the broker does not pass it on (Artemis) and the table is not followed. */
  #leaveOut(topic: string): void {
    if (this.#toldUnretained) return;
    const key = this.#keyOrNone(topic);
    if (key === undefined || !this.#parts.rows.isOf(key, topic)) return;
    this.#toldUnretained = true;
    this.#parts.meter.unretained(topic);
  }

  #keyOrNone(topic: string): K | undefined {
    try {
      return this.#keyOf(topic);
    } catch {
      return undefined;
    }
  }

  #keyOf(topic: string): K | undefined {
    const key = this.#parts.table.keyFn(topic);
    if (key === undefined || isTableKey(key)) return key;
    refusePromise(key, 'keyFn');
    throw new MillraceError('USER_FUNCTION_FAILED', 'keyFn returned what cannot be a key', {
      advice: 'A key is a string, a number other than NaN, a bigint or a boolean; undefined leaves the topic out.',
    });
  }

  #rowOf(event: MessageEvent): { readonly value: V } | undefined {
    const { topic } = event;
    return this.#orReject(topic, () => {
      const value = this.#parts.table.mapToRowFn(topic, new ReceivedMessage(event));
      refusePromise(value, 'mapToRowFn');
      return value === undefined ? undefined : { value };
    });
  }

  #set(key: K, row: NewRow<V>): void {
    const { rows, meter, table } = this.#parts;
    if (rows.set(key, row)) return;
    this.#leftOut = true;
    if (this.#full) return;
    this.#full = true;
    const { maxRows, maxBytes } = table;
    meter.full({ maxRows, bytes: rows.bytes, maxBytes });
  }

  /** A message that gives no row is told, and the table goes on without. */
  #orReject<R>(topic: string, fn: () => R): R | undefined {
    try {
      return fn();
    } catch (thrown) {
      this.#parts.meter.rejected(topic, MillraceError.from(thrown, 'USER_FUNCTION_FAILED'));
      return undefined;
    }
  }
}

/** The broker sends what is left of the interval [MQTT-3.3.2-6], and deletes without a word what has nothing left. */
const expiryOf = ({ properties: { messageExpiryInterval: seconds = 0 } = {} }: MessageEvent): number | undefined =>
  // to some brokers 0 is never
  seconds === 0 ? undefined : performance.now() + seconds * 1000;
