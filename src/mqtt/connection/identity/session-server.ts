import type { MqttConnectionOptions, ServerAddress } from '../options/mqtt-connection-options.js';
import { formatAddress } from '../transport/format-address.js';

/** The one key of servers that share their sessions. */
const SHARED = 'any';

/** A server, as it is compared and recorded. */
export const serverKey = (address: ServerAddress): string =>
  withoutQuery(`${formatAddress(address).toLowerCase()}${address.path}`);

/** The query of a presigned URL is another one at each connect, and a secret. */
const withoutQuery = (key: string): string => key.replace(/\?.*$/s, '');

type SharingOptions = Pick<MqttConnectionOptions, 'serversShareSessions' | 'startClean'>;

/**
 * Which server has the session whose state we hold: that of the last accepted connection (R5b). Servers that share their sessions
 * are one. The version needs no look: it never changes after the first accepted CONNECT.
 */
export class SessionServer {
  readonly #options: SharingOptions;
  #holder: string | undefined;
  #cleaned: string | undefined;
  #unclean: string | undefined;

  /** `recorded`: the `serverKey` of the server that had it last, in an earlier process. */
  constructor(options: SharingOptions, recorded?: string) {
    this.#options = options;
    this.#holder =
      recorded === undefined || !options.serversShareSessions ? recorded && withoutQuery(recorded) : SHARED;
  }

  /** Our session is at another server: what this one has for our client id is not it. */
  isElsewhere(address: ServerAddress): boolean {
    return this.#holder !== undefined && this.#holder !== this.#key(address);
  }

  /** What the server has for our client id must be thrown away before its session is begun (R8b). */
  mustDiscard(address: ServerAddress): boolean {
    const key = this.#key(address);
    return this.#options.startClean && key !== this.#holder && key !== this.#cleaned;
  }

  /** What the server has for our client id can only be ours. */
  isClean(address: ServerAddress): boolean {
    return this.#cleaned === this.#key(address);
  }

  /** It was thrown away, or there was none: what is there from now on can only be ours. */
  discarded(address: ServerAddress): void {
    this.#cleaned = this.#key(address);
  }

  /** The server has a session for our client id that is to be thrown away. */
  found(address: ServerAddress): void {
    this.#unclean = this.#key(address);
  }

  /** It has one, unless it was thrown away since. */
  isUnclean(address: ServerAddress): boolean {
    return this.#unclean === this.#key(address);
  }

  /** What the server has for our client id is not what was made after it was thrown away. */
  spoiled(): void {
    this.#cleaned = undefined;
  }

  /** The server accepted a CONNECT that is not clean. */
  accepted(address: ServerAddress): void {
    this.#holder = this.#key(address);
  }

  #key(address: ServerAddress): string {
    return this.#options.serversShareSessions ? SHARED : serverKey(address);
  }
}
