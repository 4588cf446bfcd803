import { Ring } from '../../internal/ring.js';
import { diagnosticChannel, publishDiagnostic } from '../../metrics/diagnostics.js';
import type { MessageEvent } from '../protocol/session/session-event.js';
import { userProperty } from '../protocol/user-property.js';

const RECEIVE = diagnosticChannel('receive');
const PROCESS = diagnosticChannel('process');
const PROCESSED = diagnosticChannel('processed');

/** What a snapshot covers. */
interface Covered {
  readonly upTo: number;
  readonly mark: number;
}

/** Tells of each message of a source where it stands, for tracing. While nobody listens that is a look at each channel, and nothing is made. */
export class MessageTeller {
  readonly #source: string;
  /** Snapshots that are not committed, of which there are few; empty while nobody listens. */
  readonly #covered = new Ring<Covered>();

  constructor(source: string) {
    this.#source = source;
  }

  received(event: MessageEvent): void {
    if (!RECEIVE.hasSubscribers) return;
    const { token, topic, qos, retain, dup, payload, properties } = event;
    publishDiagnostic('receive', {
      source: this.#source,
      token,
      topic,
      qos,
      retain,
      dup,
      payloadBytes: payload.byteLength,
      property: (name) => userProperty(properties, name),
    });
  }

  polled({ token }: MessageEvent, position: number): void {
    if (PROCESS.hasSubscribers) publishDiagnostic('process', { source: this.#source, token, position });
  }

  covered(upTo: number, mark: number): void {
    if (PROCESSED.hasSubscribers) this.#covered.push({ upTo, mark });
  }

  committed(mark: number): void {
    let upTo: number | undefined;
    for (let one = this.#covered.peek(); one !== undefined && one.mark <= mark; one = this.#covered.peek()) {
      this.#covered.shift();
      upTo = one.upTo;
    }
    if (upTo !== undefined) publishDiagnostic('processed', { source: this.#source, upTo });
  }
}
