import {
  attempt,
  callAtOnce,
  contractBroken,
  type Door,
  owedPromise,
  requireMethods,
  shown,
} from '../../internal/door/door.js';
import { openGuarded } from '../../internal/door/open-guarded.js';
import { isCount } from '../../internal/is-count.js';
import type { DurableSinkWriter, OutboxSender, Prepared, PreparedRow, RestoreOutbox } from '../durable-sink.js';
import { checkLetter } from './check-letter.js';
import { guardSender } from './guarded-sender.js';

/** `opened` and `end` may be absent; `outboxes` is looked at by itself. */
const METHODS = ['prepare', 'flush', 'ready', 'close'];

/**
 * The door between the sink of a job with a store and its engine. What breaks a rule of `DurableSinkWriter` is an error that names
 * the sink and the rule, before the commit of the inputs that it concerns.
 */
class GuardedDurableWriter<T> implements DurableSinkWriter<T> {
  readonly opened?: Promise<void>;
  /** Guarded, each by a door of its own. */
  readonly outboxes: readonly OutboxSender[];
  readonly end?: () => readonly PreparedRow[];
  readonly #door: Door;
  readonly #writer: DurableSinkWriter<T>;

  constructor(door: Door, writer: DurableSinkWriter<T>, outboxes: readonly OutboxSender[]) {
    this.#door = door;
    this.#writer = writer;
    this.outboxes = outboxes;
    if (writer.end !== undefined) this.end = () => this.#end();
    const { opened } = writer;
    if (opened === undefined) return;
    this.opened = owedPromise(door, 'opened', () => opened);
    // told by whoever asks for it; where nobody does, `ready` tells it
    this.opened.catch(() => {});
  }

  prepare(items: readonly T[]): Prepared {
    // one row or one letter for each item: where one is missing its input would be committed without its effect
    const prepared = attempt(this.#door, () => this.#writer.prepare(items));
    const rows = prepared?.rows;
    const rejected = prepared?.rejected;
    if (!Array.isArray(rows) || !Array.isArray(rejected) || rows.length + rejected.length !== items.length) {
      const gave = `prepare gave ${shown(rows)} for rows and ${shown(rejected)} for rejected, of ${items.length} items`;
      throw contractBroken(this.#door, 'prepare-count', gave);
    }
    this.#checkRows(prepared.rows);
    this.#checkRejected(prepared, items.length);
    return prepared;
  }

  flush(): void {
    callAtOnce(this.#door, 'flush', () => this.#writer.flush());
  }

  ready(): Promise<void> {
    return owedPromise(this.#door, 'ready', () => this.#writer.ready());
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  #end(): readonly PreparedRow[] {
    const rows = attempt(this.#door, () => this.#writer.end?.());
    if (!Array.isArray(rows)) throw contractBroken(this.#door, 'end-rows', `end gave ${shown(rows)} for rows`);
    this.#checkRows(rows);
    return rows;
  }

  /** A row that is in no outbox would be lost with its input acknowledged. */
  #checkRows(rows: readonly PreparedRow[]): void {
    for (const { outbox, bytes } of rows) {
      if (this.outboxes[outbox] === undefined) {
        throw contractBroken(
          this.#door,
          'prepare-outbox',
          `a row is for outbox ${shown(outbox)} of ${this.outboxes.length}`,
        );
      }
      if (!(bytes instanceof Uint8Array)) {
        throw contractBroken(this.#door, 'prepare-bytes', `the bytes of a row are ${shown(bytes)}`);
      }
    }
  }

  /** In the order of the items, each once, and none that is not of this call. */
  #checkRejected({ rejected }: Prepared, count: number): void {
    let from = 0;
    for (const { index, letter } of rejected) {
      if (!isCount(index) || index < from || index >= count) {
        throw contractBroken(
          this.#door,
          'prepare-rejected',
          `item ${shown(index)} of ${count} is rejected, after ${from - 1}`,
        );
      }
      checkLetter(this.#door, letter);
      from = index + 1;
    }
  }
}

/**
 * Opens the sink of a job with a store and guards it and the senders of its outboxes. It rejects with CONTRACT_BROKEN when that gives
 * no `DurableSinkWriter`, or two of its outboxes have one name.
 */
export const openDurableWriter = <T>(
  name: string,
  restore: RestoreOutbox,
  open: () => PromiseLike<DurableSinkWriter<T>>,
): Promise<DurableSinkWriter<T>> => {
  const door: Door = { contract: 'DurableSinkWriter', owner: `sink "${name}"` };
  return openGuarded(door, open, (writer) => {
    requireMethods(door, writer, METHODS);
    const senders = writer.outboxes;
    checkNames(door, senders);
    const senderDoor: Door = { ...door, contract: 'OutboxSender' };
    // what the store has is asked for once more here: a sender that begins elsewhere leaves rows out, or sends them again
    const outboxes = senders.map((sender) => guardSender(senderDoor, sender, restore(sender.name)));
    return new GuardedDurableWriter(door, writer, outboxes);
  });
};

/** Two of one name would have one place in the store. */
const checkNames = (door: Door, senders: readonly OutboxSender[]): void => {
  if (!Array.isArray(senders)) throw contractBroken(door, 'outboxes', `outboxes is ${shown(senders)}`);
  const names = senders.map((sender: Partial<OutboxSender> | undefined) => sender?.name);
  for (const name of names) {
    if (typeof name === 'string' && name !== '') continue;
    throw contractBroken(door, 'outboxes', `the name of an outbox is ${name === '' ? 'empty' : shown(name)}`);
  }
  if (new Set(names).size < names.length) throw contractBroken(door, 'outboxes', 'two outboxes have one name');
};
