import type { PartitionOf } from '../../connector/open-context.js';
import { MillraceError } from '../../errors/index.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { Counter, Metrics } from '../../metrics/metrics.js';
import { decodeEdgeMessage, type EdgeMessage } from './edge/edge-message.js';
import { MOST_MESSAGE_BYTES } from './edges.js';
import { fnv1a } from './key-partition.js';

/** What stands before each message. */
export const STAMP_BYTES = 4;

export interface EdgeMailOptions {
  readonly job: string;
  /** The name of the exchange. */
  readonly exchange: string;
  readonly partition: number;
  readonly dropped: Counter;
}

/**
 * What comes on a subject to which others may send. A message of this exchange begins with its stamp, whatever the form of the rest is: so one of a
 * newer version is told from what is none. What is none, or cannot be read, is dropped: what is missing is asked for again (`EdgeSender`).
 */
export class EdgeMail {
  readonly #options: EdgeMailOptions;
  readonly #stamp: number;
  #dropped = 0;

  constructor(options: EdgeMailOptions) {
    this.#options = options;
    this.#stamp = fnv1a(new TextEncoder().encode(`${options.job}\n${options.exchange}`));
  }

  seal(message: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(STAMP_BYTES + message.byteLength);
    new DataView(bytes.buffer).setUint32(0, this.#stamp, true);
    bytes.set(message, STAMP_BYTES);
    return bytes;
  }

  /** Undefined for what is dropped. @throws MillraceError STORE_VERSION for one of a newer version */
  open(bytes: Uint8Array): EdgeMessage | undefined {
    if (!this.#isOurs(bytes)) return this.#drop('it is of something else');
    try {
      const message = decodeEdgeMessage(bytes.subarray(STAMP_BYTES));
      return bytes.byteLength <= MOST_MESSAGE_BYTES ? message : this.#drop(`it has ${bytes.byteLength} bytes`);
    } catch (thrown) {
      const error = MillraceError.from(thrown);
      if (error.code === 'STORE_VERSION') throw error;
      return this.#drop('it cannot be read');
    }
  }

  #isOurs({ buffer, byteOffset, byteLength }: Uint8Array): boolean {
    return byteLength >= STAMP_BYTES && new DataView(buffer, byteOffset).getUint32(0, true) === this.#stamp;
  }

  /** Told at the first, the second, the fourth: whoever sends a million of them fills no log. */
  #drop(reason: string): undefined {
    const { job, exchange, partition, dropped } = this.#options;
    this.#dropped += 1;
    dropped.add();
    if (Number.isInteger(Math.log2(this.#dropped)))
      publishDiagnostic('edge-message-dropped', { job, exchange, partition, reason, dropped: this.#dropped });
    return undefined;
  }
}

interface MailOf {
  readonly job: string;
  /** Of the exchange. */
  readonly name: string;
  readonly partition: PartitionOf;
  readonly metrics: Metrics;
}

/** That of one end of an exchange. */
export const openMail = ({ job, name: exchange, partition: { index }, metrics }: MailOf): EdgeMail => {
  const help = 'Messages between partitions that were none, or could not be read';
  const dropped = metrics.counter('millrace_exchange_dropped_total', help, { job, exchange });
  return new EdgeMail({ job, exchange, partition: index, dropped });
};
