import type { ReceivedMessage } from '../received-message.js';

/**
 * Makes an item of a message. Called once for each message, in order, when the pipeline asks for it. What it throws is handled by
 * `onError`.
 */
export type MapToItemFn<T> = (topic: string, message: ReceivedMessage) => T;

/** The item when there is neither a `mapToItemFn` nor a `schema`: a copy of the payload, so that keeping it keeps no read buffer. */
export const copyPayload: MapToItemFn<Uint8Array> = (_topic, message) => new Uint8Array(message.payload);

/** What a `schema` is given when there is no `mapToItemFn`. */
export const parsePayload: MapToItemFn<unknown> = (_topic, message) => message.json();
