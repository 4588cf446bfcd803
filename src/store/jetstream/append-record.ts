import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Msg } from '@nats-io/transport-node';
import { MillraceError } from '../../errors/index.js';
import { type ApiError, apiError, type NatsClient, natsError } from '../../nats/index.js';
import { corruptError } from '../storage-error.js';
import {
  type AppendOutcome,
  outcomeOfAnswer,
  outcomeOfPlace,
  type PublishAnswer,
  staysUncertain,
} from './append-outcome.js';
import { MARK_HEADER, type PartitionStream, PIECE_HEADER } from './partition-stream.js';

/** Longer than an election of a leader, which takes up to 10 s. */
const DEADLINE_MS = 30_000;
/** So long an attempt may take before it is repeated: each a little longer, up to the last. */
const FIRST_ATTEMPT_MS = 1_000;
const LAST_ATTEMPT_MS = 2_000;
const BATCH_ATTEMPT_MS = 5_000;
const FIRST_PAUSE_MS = 5;
const LAST_PAUSE_MS = 250;
/** How often a stream has to be missing, which a server that has just started may say of one that it has; and between two questions. */
const SURE = 3;
const ASK_MS = 1_000;
/** For finding out what is wrong, where that can be known. */
const DIAGNOSIS_MS = 2_000;

/** A record on its way into a stream. */
export interface RecordAppend {
  readonly client: NatsClient;
  readonly stream: PartitionStream;
  readonly subject: string;
  /** For messages. */
  readonly location: string;
  /** What the record is sent as: the messages of one batch, where there are several. */
  readonly pieces: readonly Uint8Array[];
  /** Behind which seq. */
  readonly expected: number;
}

/**
 * One record, published until its outcome is known.
 *
 * JA1. Each copy carries the same expectation: the server lets one of them in, at one place, or none.
 * JA2. The outcome is what an acknowledgement of that place says, or whoever stands there: never that nothing was found, and never a
 *      number that a server reports, which may be behind.
 * JA3. No message id: what the server knows by its id it acknowledges again without looking at the expectation, and in a batch it refuses it.
 */
export class AppendRecord {
  readonly #record: RecordAppend;
  /** Of all copies, and of nothing else. */
  readonly #mark = randomUUID();
  readonly #deadline = performance.now() + DEADLINE_MS;
  #attempts = 0;
  #uncertain = false;
  /** There is no stream any more that could take it. */
  #gone: MillraceError | undefined;
  #missed = 0;
  #askAt = 0;
  /** What was said last, for the error. */
  #said = 'nobody answered';

  constructor(record: RecordAppend) {
    this.#record = record;
  }

  /** @returns the seq of its last message. @throws MillraceError as `PartitionLog.append` */
  async run(): Promise<number> {
    const { pieces, expected } = this.#record;
    const end = expected + pieces.length;
    for (;;) {
      const answer = await this.#attempt();
      let outcome = outcomeOfAnswer(answer, { end, uncertain: this.#uncertain });
      if (outcome === 'look') outcome = await this.#look();
      if (outcome === 'in') return end;
      if (outcome === 'fenced') throw this.#fenced();
      if (outcome === 'full' && answer.kind === 'refused') throw apiError(answer.error, this.#record.location);
      this.#uncertain ||= staysUncertain(answer);
      if (answer.kind === 'silence') void this.#ask();
      if (this.#gone !== undefined) throw this.#gone;
      if (performance.now() > this.#deadline) throw await this.#undecided();
      await this.#pause();
    }
  }

  async #attempt(): Promise<PublishAnswer> {
    this.#attempts += 1;
    try {
      const message = await this.#publish();
      const answer = message.json<{ readonly seq?: number; readonly duplicate?: boolean; readonly error?: ApiError }>();
      if (answer.error === undefined) {
        this.#said = `it was acknowledged at ${answer.seq}`;
        return { kind: 'ack', seq: answer.seq ?? 0, duplicate: answer.duplicate === true };
      }
      this.#said = answer.error.description;
      return { kind: 'refused', error: answer.error };
    } catch (error) {
      const failure = natsError(error, this.#record.location);
      if (failure.code !== 'CLUSTER_UNREACHABLE') throw failure;
      this.#said = failure.message;
      return { kind: 'silence' };
    }
  }

  /** A batch is open at the server under its id for some seconds: each attempt has another. */
  #publish(): Promise<Msg> {
    const { client, subject, pieces, expected } = this.#record;
    const mark = { [MARK_HEADER]: this.#mark };
    const place = { 'Nats-Expected-Last-Sequence': String(expected) };
    const last = pieces.length - 1;
    const payload = pieces[last] ?? new Uint8Array();
    if (last === 0) {
      const timeoutMs = Math.min(FIRST_ATTEMPT_MS * this.#attempts, LAST_ATTEMPT_MS);
      return client.request({ subject, payload, headers: { ...mark, ...place }, timeoutMs });
    }
    const batch = `${this.#mark}.${this.#attempts}`;
    const headersOf = (index: number) => ({
      ...mark,
      ...(index === 0 ? place : {}),
      [PIECE_HEADER]: `${index + 1}/${pieces.length}`,
      'Nats-Batch-Id': batch,
      'Nats-Batch-Sequence': String(index + 1),
    });
    for (const [index, piece] of pieces.slice(0, last).entries()) client.publish(subject, piece, headersOf(index));
    const headers = { ...headersOf(last), 'Nats-Batch-Commit': '1' };
    return client.request({ subject, payload, headers, timeoutMs: BATCH_ATTEMPT_MS });
  }

  async #look(): Promise<AppendOutcome> {
    const place = this.#record.expected + 1;
    const found = await this.#record.stream.firstFrom(place);
    return outcomeOfPlace(found, { place, mark: this.#mark, uncertain: this.#uncertain });
  }

  /** At once where the connection was lost: the next one has another server. */
  async #pause(): Promise<void> {
    await this.#record.client.whenConnected(this.#deadline - performance.now());
    await sleep(Math.min(FIRST_PAUSE_MS * 2 ** this.#attempts, LAST_PAUSE_MS));
  }

  #fenced(): MillraceError {
    const { location, expected } = this.#record;
    return new MillraceError('STORE_FENCED', `${location} has another record behind ${expected}`, {
      advice: 'Nothing is lost: the job goes on where its partition is owned now.',
    });
  }

  /** Beside the attempts, which go on: nobody answers either while a leader is chosen. */
  async #ask(): Promise<void> {
    if (performance.now() < this.#askAt) return;
    this.#askAt = Number.POSITIVE_INFINITY;
    try {
      await this.#record.stream.info(0);
      this.#missed = 0;
    } catch (thrown) {
      const error = MillraceError.from(thrown);
      this.#missed = error.code === 'STORE_CORRUPT' ? this.#missed + 1 : 0;
      if (this.#missed === SURE) this.#gone = error;
    }
    this.#askAt = performance.now() + ASK_MS;
  }

  /** @throws MillraceError STORE_CORRUPT where the stream is another one */
  async #undecided(): Promise<MillraceError> {
    const { stream, location, expected } = this.#record;
    try {
      const { state } = await stream.info(DIAGNOSIS_MS);
      if (state.last_seq < expected) {
        return corruptError(`${location} ends at ${state.last_seq}, and had acknowledged a record at ${expected}`);
      }
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'STORE_CORRUPT') return error;
    }
    return new MillraceError(
      'STORAGE_FAILED',
      `${location}: it is unknown whether a record is in behind ${expected}, after ${DEADLINE_MS / 1000} s: ${this.#said}`,
      {
        advice: 'Look whether a majority of the NATS servers runs; the job reads what is in when it starts again.',
        retryable: true,
      },
    );
  }
}
