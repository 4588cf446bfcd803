import { isFunctionMistake } from '../../../errors/function-mistake.js';
import type { MillraceError } from '../../../errors/millrace-error.js';
import { promiseError } from '../../../internal/refuse-promise.js';
import { heldBytes } from '../../protocol/held-bytes.js';
import type { MessageEvent } from '../../protocol/session/session-event.js';
import { ReceivedMessage } from '../received-message.js';
import { checkKey, type DeduplicateBy } from './deduplicate-by.js';
import type { MapToItemFn } from './map-to-item.js';
import type { PollBatch } from './poll-batch.js';
import type { QosCheck } from './qos-check.js';
import { malformedMessage, userFunctionError } from './rejected-message.js';

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
  readonly mapToItemFn: MapToItemFn<T>;
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
    const { name, mapToItemFn, qosCheck } = this.#options;
    const malformed = malformedMessage(event, name);
    if (malformed !== undefined) return { error: malformed, fatal: false };
    const lower = qosCheck.check(event);
    if (lower !== undefined) return { error: lower, fatal: qosCheck.fails };
    const message = new ReceivedMessage(event);
    let item: T;
    try {
      item = mapToItemFn(event.topic, message);
    } catch (cause) {
      return { error: userFunctionError('mapToItemFn', event.topic, { position: batch.next, cause }), fatal: false };
    }
    // whatever `onError` says: an async function would have every message skipped
    if (item instanceof Promise) {
      const cause = promiseError(item);
      return { error: userFunctionError('mapToItemFn', event.topic, { position: batch.next, cause }), fatal: true };
    }
    return this.#take(item, { event, message, batch });
  }

  #take(
    item: T,
    { event, message, batch }: { event: MessageEvent; message: ReceivedMessage; batch: PollBatch<T> },
  ): ItemFailure | undefined {
    const { deduplicateBy } = this.#options;
    try {
      batch.take(item, heldBytes(event), deduplicateBy && checkKey(deduplicateBy.keyFn(message, item)));
      return undefined;
    } catch (cause) {
      const error = userFunctionError('deduplicateBy', event.topic, { position: batch.next, cause });
      return { error, fatal: isFunctionMistake(cause) };
    }
  }
}
