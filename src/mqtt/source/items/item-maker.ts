import { isFunctionMistake } from '../../../errors/function-mistake.js';
import type { MillraceError } from '../../../errors/millrace-error.js';
import { promiseError } from '../../../internal/refuse-promise.js';
import { heldBytes } from '../../protocol/held-bytes.js';
import type { MessageEvent } from '../../protocol/session/session-event.js';
import { ReceivedMessage } from '../received-message.js';
import { checkKey, type DeduplicateBy } from './deduplicate-by.js';
import { type MapToItemFn, parsePayload } from './map-to-item.js';
import type { PollBatch } from './poll-batch.js';
import type { QosCheck } from './qos-check.js';
import { type AskedFunction, malformedMessage, userFunctionError } from './rejected-message.js';

/** Why a message gives no item. */
export interface ItemFailure {
  /** MALFORMED_MESSAGE, MESSAGE_QOS_TOO_LOW or USER_FUNCTION_FAILED. */
  readonly error: MillraceError;
  /** It fails the source whatever `onError` says. */
  readonly fatal: boolean;
}

/** What a maker is made of. */
export interface ItemMakerOptions<T> {
  /** Of the source, for errors. */
  readonly name: string;
  /** Not called for a message that is malformed, or that `qosCheck` rejects. */
  readonly mapToItemFn: MapToItemFn<unknown>;
  /** Behind it: gives the item as it goes on, or throws for one that does not fit. */
  readonly schema: (item: unknown) => T;
  /** Absent: copies are not told. */
  readonly deduplicateBy: DeduplicateBy<T> | undefined;
  /** Asked before any function of the user. */
  readonly qosCheck: QosCheck;
}

/** Makes items of messages, with the user's functions. */
export class ItemMaker<T> {
  readonly #options: ItemMakerOptions<T>;

  constructor(options: ItemMakerOptions<T>) {
    this.#options = options;
  }

  /** Whether items have keys that tell their copies. */
  get keyed(): boolean {
    return this.#options.deduplicateBy !== undefined;
  }

  /** Adds the item to the batch, or says why there is none. */
  make(event: MessageEvent, batch: PollBatch<T>): ItemFailure | undefined {
    const { name, qosCheck } = this.#options;
    const malformed = malformedMessage(event, name);
    if (malformed !== undefined) return { error: malformed, fatal: false };
    const lower = qosCheck.check(event);
    if (lower !== undefined) return { error: lower, fatal: qosCheck.fails };
    return this.#ask(event, batch);
  }

  #ask(event: MessageEvent, batch: PollBatch<T>): ItemFailure | undefined {
    const { mapToItemFn, schema, deduplicateBy } = this.#options;
    const message = new ReceivedMessage(event);
    // who gives no function of their own has a schema of JSON
    let asked: AskedFunction = mapToItemFn === parsePayload ? 'schema' : 'mapToItemFn';
    try {
      const mapped = mapToItemFn(event.topic, message);
      if (mapped instanceof Promise) throw promiseError(mapped);
      asked = 'schema';
      const item = schema(mapped);
      asked = 'deduplicateBy';
      batch.take(item, heldBytes(event), deduplicateBy && checkKey(deduplicateBy.keyFn(message, item)));
      return undefined;
    } catch (cause) {
      const error = userFunctionError(asked, event.topic, { position: batch.next, cause });
      // whatever `onError` says: an async function would have every message skipped
      return { error, fatal: isFunctionMistake(cause) };
    }
  }
}
