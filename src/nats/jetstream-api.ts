import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../errors/millrace-error.js';
import type { NatsClient } from './nats-client.js';
import { type ApiError, apiErrorKind, natsError, unreachable } from './nats-errors.js';

/** Longer than an election of a leader, which takes up to 10 s. */
const PATIENCE_MS = 30_000;
const ANSWER_MS = 5_000;
const PAUSE_MS = 100;
/** How long a connection is waited for before it is looked again, in milliseconds. */
const CONNECTION_MS = 1_000;

/** What JetStream says: what was asked for, or that it will not do it. */
export type ApiAnswer<A> =
  | { readonly answer: A; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: ApiError };

/**
 * Asks JetStream what may be asked twice: about streams, for messages, to make a stream or to purge it. While a leader is missing it asks
 * again, for half a minute.
 */
export class JetStreamApi {
  readonly client: NatsClient;
  readonly #signal: AbortSignal | undefined;

  /** @param signal aborted: nothing is asked again */
  constructor(client: NatsClient, signal?: AbortSignal) {
    this.client = client;
    this.#signal = signal;
  }

  /**
   * @param path behind `$JS.API.`
   * @param what could not be done, for messages
   * @param patienceMs how long somebody may be missing who could answer
   * @returns what it says, also where that is an error
   * @throws MillraceError CLUSTER_UNREACHABLE when nobody answers, NOT_AUTHORIZED
   */
  async ask<A>(
    path: string,
    body: object | undefined,
    what: string,
    patienceMs: number = PATIENCE_MS,
  ): Promise<ApiAnswer<A>> {
    return this.patiently(() => this.#askOnce<A>(path, body, what), patienceMs);
  }

  /**
   * Does what may be done twice, again and again while a leader is missing, or a server that would have to take part.
   * @param patienceMs how long somebody may be missing
   * @throws what `work` throws, CLUSTER_UNREACHABLE when the time is over
   */
  async patiently<A>(work: () => Promise<A>, patienceMs: number = PATIENCE_MS): Promise<A> {
    const endsAt = performance.now() + patienceMs;
    for (;;) {
      this.#signal?.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        const leftMs = endsAt - performance.now();
        if (!isUnreachable(error) || leftMs < 0) throw error;
        await sleep(PAUSE_MS);
        await this.client.whenConnected(Math.min(leftMs, CONNECTION_MS));
      }
    }
  }

  async #askOnce<A>(path: string, body: object | undefined, what: string): Promise<ApiAnswer<A>> {
    try {
      const payload = body === undefined ? '' : JSON.stringify(body);
      const message = await this.client.request({ subject: `$JS.API.${path}`, payload, timeoutMs: ANSWER_MS });
      const answer = message.json<A & { readonly error?: ApiError }>();
      if (answer.error === undefined) return { answer };
      const { error } = answer;
      if (apiErrorKind(error) === 'away') throw unreachable(`${what}: ${error.description}`);
      return { error };
    } catch (error) {
      throw natsError(error, what);
    }
  }
}

const isUnreachable = (error: unknown): boolean =>
  error instanceof MillraceError && error.code === 'CLUSTER_UNREACHABLE';
