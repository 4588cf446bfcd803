import type { Msg } from '@nats-io/transport-node';
import { MillraceError } from '../../errors/index.js';
import { API_CODES, apiError, type JetStreamApi } from '../../nats/index.js';
import { corruptError } from '../storage-error.js';
import { type PiecePlace, placeOf } from './record-pieces.js';
import { identityOf, isSameStream, type StreamConfig, type StreamIdentity } from './stream-config.js';

/** Of every message of ours: which append wrote it. */
export const MARK_HEADER = 'Millrace-Append';
/** Of a record in several messages: `1/3`. */
export const PIECE_HEADER = 'Millrace-Piece';

const READ_MS = 5_000;
/** Of an API call: it is not made again. */
const ONCE = 0;

/** A stream as the servers describe it. */
export interface StreamInfo {
  readonly config: StreamConfig;
  /** When it was made, as the server has it that leads it now. */
  readonly created: string;
  readonly state: {
    readonly messages: number;
    readonly first_seq: number;
    readonly last_seq: number;
    /** Which messages are missing between the first and the last, ascending; where it was asked for. */
    readonly deleted?: readonly number[];
  };
}

/** A message of a stream. */
export interface StoredMessage {
  readonly seq: number;
  /** Empty for a message that no append of ours has written. */
  readonly mark: string;
  /** Undefined for what is none of ours. */
  readonly place: PiecePlace | undefined;
  readonly bytes: Uint8Array;
}

/** Which messages of a stream, at most. */
export interface PortionRequest {
  /** The first one that may be among them. */
  readonly seq: number;
  readonly count: number;
  readonly maxBytes: number;
  /** Default: of any subject. */
  readonly subject?: string;
}

/** Which stream, and how it is asked. */
export interface PartitionStreamParts {
  readonly api: JetStreamApi;
  readonly name: string;
  readonly identity: StreamIdentity;
  /** For messages. */
  readonly location: string;
}

/** The stream of one partition, to be read: from any replica, which may be behind and shows nothing that could be taken back. */
export class PartitionStream {
  readonly #parts: PartitionStreamParts;

  constructor(parts: PartitionStreamParts) {
    this.#parts = parts;
  }

  get name(): string {
    return this.#parts.name;
  }

  /**
   * What its leader says of it.
   * @throws MillraceError STORE_CORRUPT when it is not there any more, or is another one; CLUSTER_UNREACHABLE
   */
  async info(patienceMs?: number, body?: object): Promise<StreamInfo> {
    const { api, name, identity, location } = this.#parts;
    const { answer, error } = await api.ask<StreamInfo>(`STREAM.INFO.${name}`, body, location, patienceMs);
    if (error?.err_code === API_CODES.streamNotFound) throw gone(`${location} was deleted`);
    if (error !== undefined) throw apiError(error, location);
    if (!isSameStream(identityOf(answer), identity)) {
      throw gone(`${location} was deleted and made anew at ${answer.created}`);
    }
    return answer;
  }

  /** From which message on none was removed, as its leader says; asked once. @throws MillraceError as `info` */
  async wholeFrom(): Promise<number> {
    const { first_seq: first, last_seq: last, messages } = (await this.info(ONCE)).state;
    if (messages === last - first + 1) return first;
    const { deleted = [] } = (await this.info(ONCE, { deleted_details: true })).state;
    return Math.max(first, (deleted.at(-1) ?? 0) + 1);
  }

  /** The last message, of the leader; undefined when there is none. */
  async last(): Promise<number | undefined> {
    const { state } = await this.info();
    if (state.messages > 0) return state.last_seq;
    if (state.last_seq === 0) return undefined;
    throw corruptError(`${this.#parts.location} had ${state.last_seq} messages and has none: somebody has purged it`);
  }

  /** One message, by the leader; undefined: it has none there. */
  messageAt(seq: number): Promise<StoredMessage | undefined> {
    return this.#byLeader({ seq });
  }

  /** The first message of a subject at `seq` or behind it, by the leader; undefined: there is none. */
  nextOf(subject: string, seq: number): Promise<StoredMessage | undefined> {
    return this.#byLeader({ seq, next_by_subj: subject });
  }

  /** Up to `count` messages from `seq` on, asked once: nothing where nobody answers. @throws MillraceError NOT_AUTHORIZED */
  async portion({ seq, count, maxBytes, subject }: PortionRequest): Promise<readonly StoredMessage[]> {
    const { api, name } = this.#parts;
    const request = {
      subject: `$JS.API.DIRECT.GET.${name}`,
      payload: JSON.stringify({ seq, batch: count, max_bytes: maxBytes, next_by_subj: subject }),
      timeoutMs: READ_MS,
    };
    try {
      const answers = await api.client.requestAll(request, isEnd);
      return answers.filter((message) => !isEnd(message)).map(directMessage);
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'CLUSTER_UNREACHABLE') return [];
      throw error;
    }
  }

  /** The first message at `seq` or behind it that a replica has, asked once; undefined when it has none, or nobody answers. */
  async firstFrom(seq: number): Promise<StoredMessage | undefined> {
    return (await this.portion({ seq, count: 1, maxBytes: 1 }))[0];
  }

  /** Removes what is below `seq`. */
  async purge(seq: number): Promise<void> {
    const { api, name, location } = this.#parts;
    const { error } = await api.ask(`STREAM.PURGE.${name}`, { seq }, location);
    if (error !== undefined) throw apiError(error, location);
  }

  async #byLeader(body: object): Promise<StoredMessage | undefined> {
    const { api, name, location } = this.#parts;
    const path = `STREAM.MSG.GET.${name}`;
    const { answer, error } = await api.ask<{ readonly message: LeaderMessage }>(path, body, location);
    if (error === undefined) return storedOf(answer.message);
    if (error.err_code === API_CODES.noMessageFound) return undefined;
    throw apiError(error, location);
  }
}

/** The stream that had the log is not there any more. */
export const gone = (what: string): MillraceError =>
  new MillraceError('STORE_CORRUPT', what, {
    advice:
      'Nobody can bring back what was in it: restore the streams of the job from one backup, or start it under another name; docs/cluster.md says how it begins anew under its own.',
  });

/** The leader gives a message as text. */
interface LeaderMessage {
  readonly seq: number;
  readonly hdrs?: string;
  readonly data?: string;
}

const storedOf = ({ seq, hdrs = '', data = '' }: LeaderMessage): StoredMessage => {
  const lines = Buffer.from(hdrs, 'base64').toString();
  const header = (name: string) => new RegExp(`^${name}: *(.*?)\\r?$`, 'm').exec(lines)?.[1];
  return {
    seq,
    mark: header(MARK_HEADER) ?? '',
    place: placeOf(header(PIECE_HEADER)),
    bytes: new Uint8Array(Buffer.from(data, 'base64')),
  };
};

const directMessage = ({ headers, data }: Msg): StoredMessage => ({
  seq: Number(headers?.get('Nats-Sequence')),
  mark: headers?.get(MARK_HEADER) ?? '',
  place: placeOf(headers?.get(PIECE_HEADER)),
  // the client's bytes are a view of all that it has read
  bytes: new Uint8Array(data),
});

/** A status: 204 where that was all, 404 where there is nothing from there on, 503 where nobody is there to say. */
const isEnd = ({ headers }: Msg): boolean => (headers?.code ?? 0) >= 200;
