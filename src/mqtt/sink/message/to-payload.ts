const EMPTY = new Uint8Array(0);

/** UTF-8 bytes of a text. Small texts share a pooled buffer. */
export const encodeText = (text: string): Uint8Array => (text.length === 0 ? EMPTY : Buffer.from(text, 'utf8'));

/** The payload of an item when there is no `messageFn`: bytes as they are, otherwise `String(item)` as UTF-8. */
export const toPayload = (item: unknown): Uint8Array =>
  item instanceof Uint8Array ? item : encodeText(typeof item === 'string' ? item : String(item));
