/** Messages in outboxes, stored or about to be. */
export interface StoredMessages {
  /** Those that are not known to be delivered. */
  readonly messages: number;
  /** Of a commit's messages all count until the last of them is delivered. */
  readonly bytes: number;
}

export const NOTHING_STORED: StoredMessages = { messages: 0, bytes: 0 };
