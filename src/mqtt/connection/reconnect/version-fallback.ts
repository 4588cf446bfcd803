import type { ProtocolVersion } from '../../protocol/protocol-version.js';

/** Newest first: what is tried when the user asked for no version. */
const VERSIONS: readonly ProtocolVersion[] = [5, 4, 3];

/** So many closes before CONNACK, in so many milliseconds, at the newest version make an older one worth trying. */
const CLOSES = 4;
const CLOSES_WITHIN_MS = 6000;
/** How often a version below the newest is left for a moment, to see whether the server has learned more. */
const UPWARDS_MS = 3_600_000;

/** How an attempt ended as far as the version is concerned. */
export type VersionOutcome = 'accepted' | 'version-refused' | 'closed-before-connack' | 'other';

/** Why an older version is spoken: the server refused the newer ones, it closed on them, or the epoch was begun in it. */
export type OlderBecause = 'refused' | 'closed' | 'epoch';

/** Closes before CONNACK in a row. */
interface Closes {
  readonly count: number;
  /** When the last ones were. */
  readonly times: readonly number[];
}

/** An attempt that has ended. */
export interface VersionAttempt {
  readonly outcome: VersionOutcome;
  /** Which server it went to: the closes of each count for themselves. */
  readonly server: string;
  /** Milliseconds of a monotonic clock. */
  readonly now: number;
}

/** What is known before the first attempt. */
export interface VersionFacts {
  /** The user's version, which is never left. */
  readonly asked: ProtocolVersion | undefined;
  /** The last one that can be tried. Default 3. */
  readonly oldest?: ProtocolVersion | undefined;
  /** That of an epoch which an earlier process began: no close leads away from it (R5b). */
  readonly epoch?: ProtocolVersion | undefined;
  /** It was accepted with these settings, so that no refusal does either (R24). */
  readonly accepted?: boolean | undefined;
}

/**
 * Which protocol version to speak (R5d). A server that refuses a version in its CONNACK is believed, and the next older one is tried.
 * A close is an outage, of a proxy without its broker for instance, until it has happened four times within six seconds with nothing
 * else between them; then the older ones are tried in a row, and after them it begins with the newest again.
 *
 * After an accepted CONNECT nothing leads downwards: a refusal is an outage then, for it would be a session loss (R5b). Without a
 * store it is tried upwards again, at most once an hour; what comes of that is believed only when it is a CONNACK that accepts.
 */
export class VersionFallback {
  readonly #asked: boolean;
  readonly #epoch: boolean;
  readonly #oldest: number;
  readonly #closes = new Map<string, Closes>();
  /** Index of the newest version that no server has refused. */
  #newest = 0;
  #index = 0;
  #accepted = false;
  /** Of the last accepted version; it differs from `#index` while it is tried upwards. */
  #settled = 0;
  #upwardsAt = Number.POSITIVE_INFINITY;

  constructor({ asked, oldest = 3, epoch, accepted = false }: VersionFacts) {
    this.#oldest = VERSIONS.indexOf(oldest);
    this.#asked = asked !== undefined;
    this.#epoch = epoch !== undefined;
    this.#accepted = accepted;
    this.#newest = VERSIONS.indexOf(asked ?? epoch ?? 5);
    this.#index = this.#newest;
    this.#settled = this.#newest;
  }

  get version(): ProtocolVersion {
    return VERSIONS[this.#index] ?? 5;
  }

  /** Why it is not the newest; undefined when it is, or was asked for. */
  get because(): OlderBecause | undefined {
    if (this.#asked || this.#index === 0) return undefined;
    if (this.#index > this.#newest) return 'closed';
    return this.#epoch ? 'epoch' : 'refused';
  }

  /** The server has closed before CONNACK and it is not known why: another attempt soon tells more. */
  isInDoubt(server: string): boolean {
    return (this.#closes.get(server)?.count ?? 0) % CLOSES !== 0;
  }

  /** Reports an attempt; true when another version is to be tried at once on the same server. */
  after({ outcome, server, now }: VersionAttempt): boolean {
    if (this.#asked) return false;
    if (outcome === 'accepted') this.#accept(now);
    else if (this.#accepted) return this.#back();
    else if (outcome === 'version-refused') return this.#refused();
    else if (outcome === 'closed-before-connack') return this.#closed(server, now);
    else this.#begin(server);
    return false;
  }

  /** Before a reconnect on which nothing depends: the newest version once more, when it was not tried for an hour. */
  tryUpwards(now: number): void {
    if (!this.#accepted || now < this.#upwardsAt) return;
    this.#upwardsAt = now + UPWARDS_MS;
    this.#index = 0;
  }

  #accept(now: number): void {
    if (!this.#accepted || this.#index !== this.#settled) this.#upwardsAt = now + UPWARDS_MS;
    if (this.#index === 0) this.#upwardsAt = Number.POSITIVE_INFINITY;
    this.#accepted = true;
    this.#settled = this.#index;
    this.#closes.clear();
  }

  /** What was tried upwards did not come about. */
  #back(): boolean {
    const tried = this.#index !== this.#settled;
    this.#index = this.#settled;
    return tried;
  }

  #refused(): boolean {
    if (this.#index >= this.#oldest) return false;
    this.#index += 1;
    this.#newest = this.#index;
    this.#closes.clear();
    return true;
  }

  #closed(server: string, now: number): boolean {
    if (this.#epoch) return false;
    if (this.#index === this.#newest && !this.#mayBeOld(server, now)) return false;
    this.#closes.delete(server);
    if (this.#index < this.#oldest) {
      this.#index += 1;
      return true;
    }
    this.#index = this.#newest;
    return false;
  }

  #mayBeOld(server: string, now: number): boolean {
    const { times, count } = this.#closes.get(server) ?? { times: [], count: 0 };
    const recent = [...times, now].filter((time) => now - time <= CLOSES_WITHIN_MS);
    this.#closes.set(server, { times: recent, count: count + 1 });
    return recent.length >= CLOSES;
  }

  #begin(server: string): void {
    this.#closes.delete(server);
    this.#index = this.#newest;
  }
}
