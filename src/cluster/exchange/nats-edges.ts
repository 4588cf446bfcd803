import type { NatsClient } from '../../nats/index.js';
import { jobKey } from '../../store/job-key.js';
import { type EdgeAddress, type EdgeListener, type Edges, MOST_MESSAGE_BYTES } from './edges.js';

const READABLE = 40;

/** The edges of a job over NATS itself: nothing is stored there, since the sender has every row until the receiver has committed it. */
export class NatsEdges implements Edges {
  readonly #client: NatsClient;
  readonly #job: string;

  constructor(client: NatsClient, job: string) {
    this.#client = client;
    this.#job = jobKey(job, READABLE);
  }

  get maxMessageBytes(): number {
    return Math.min(this.#client.maxPayload, MOST_MESSAGE_BYTES);
  }

  publish(to: EdgeAddress, message: Uint8Array): void {
    this.#client.publish(this.#subjectOf(to), message);
  }

  subscribe(at: EdgeAddress, listener: EdgeListener): Promise<() => void> {
    return this.#client.subscribe(this.#subjectOf(at), listener);
  }

  /** No log has it: behind `mr.` stands the key of a job there, which is never one letter. */
  #subjectOf({ exchange, kind, partition }: EdgeAddress): string {
    return `mr.x.${this.#job}.${jobKey(exchange, READABLE)}.${kind}.${partition}`;
  }
}
