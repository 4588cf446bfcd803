import type { MillraceError } from '../../errors/index.js';

/** No message is larger: the largest that is still as quick as a small one, byte for byte. */
export const MOST_MESSAGE_BYTES = 256 * 1024;

/** Where messages of an edge go to. */
export interface EdgeAddress {
  /** The name of the exchange; it has an edge from each partition to each. */
  readonly exchange: string;
  /** `rows`: to the partition that receives; `status`: to the one that sends. */
  readonly kind: 'rows' | 'status';
  readonly partition: number;
}

/** What is called when something comes. */
export interface EdgeListener {
  /** The bytes are not changed afterwards. */
  onMessage(message: Uint8Array): void;
  /** Nothing will come any more. */
  onFailed(error: MillraceError): void;
}

/** Carries messages between the partitions of a job. It may lose, double and reorder them. */
export interface Edges {
  /** Bytes that a message may have, `MOST_MESSAGE_BYTES` at most. */
  readonly maxMessageBytes: number;
  /** Sends without an answer. */
  publish(to: EdgeAddress, message: Uint8Array): void;
  /**
   * Resolves when what is sent from then on comes, with what ends it.
   * @throws MillraceError CLUSTER_UNREACHABLE, NOT_AUTHORIZED
   */
  subscribe(at: EdgeAddress, listener: EdgeListener): Promise<() => void>;
}
