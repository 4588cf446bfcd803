import type { ProtocolVersion } from '../protocol/protocol-version.js';

/** Newest first: what is tried when the user asked for no version. */
const VERSIONS: readonly ProtocolVersion[] = [5, 4, 3];

/** How an attempt ended as far as the version is concerned. */
export type VersionOutcome = 'accepted' | 'version-refused' | 'closed-before-connack' | 'other';

/**
 * Which protocol version to speak (R5b). Falls back only on CONNACK 0x84 or 0x01, or on a close before the first CONNACK ever.
 * A refusal is the server's word and sticks. A close may be anything, a proxy without its broker too: the versions are tried in
 * a row, and then it begins with the newest again. After the first accepted CONNECT the version never changes.
 */
export class VersionFallback {
  readonly #fixed: boolean;
  readonly #known: boolean;
  readonly #oldest: number;
  /** Index of the newest version that is not refused. */
  #newest = 0;
  #index = 0;
  #settled = false;

  /**
   * `asked`: the user's version, which is never left. `oldest`: the last one that can be tried. `known`: what an earlier process spoke,
   * which only a refusal changes.
   */
  constructor(asked: ProtocolVersion | undefined, oldest: ProtocolVersion = 3, known?: ProtocolVersion) {
    this.#oldest = VERSIONS.indexOf(oldest);
    this.#fixed = asked !== undefined;
    this.#known = known !== undefined;
    const first = asked ?? known;
    if (first !== undefined) this.#newest = VERSIONS.indexOf(first);
    this.#index = this.#newest;
  }

  get version(): ProtocolVersion {
    return VERSIONS[this.#index] ?? 5;
  }

  /** Reports an attempt; true when an older version is to be tried at once on the same server. */
  after(outcome: VersionOutcome): boolean {
    if (outcome === 'accepted') this.#settled = true;
    if (this.#fixed || this.#settled || outcome === 'accepted') return false;
    const older = this.#index < this.#oldest;
    if (outcome === 'version-refused' && older) {
      this.#index += 1;
      this.#newest = this.#index;
      return true;
    }
    if (outcome === 'closed-before-connack' && older && !this.#known) {
      this.#index += 1;
      return true;
    }
    this.#index = this.#newest;
    return false;
  }
}
