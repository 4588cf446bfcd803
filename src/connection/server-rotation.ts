import type { ServerAddress } from './connection-options.js';

/**
 * Whose turn it is in a failover list. A server that accepted us is asked first again; one that did not passes the turn on.
 */
export class ServerRotation {
  readonly #servers: readonly [ServerAddress, ...ServerAddress[]];
  /** Servers of this round that cannot be used without a change there or here (a certificate, another protocol). */
  readonly #unusable = new Set<number>();
  #index = 0;
  #failures = 0;

  constructor(servers: readonly [ServerAddress, ...ServerAddress[]]) {
    this.#servers = servers;
  }

  get current(): ServerAddress {
    return this.#servers[this.#index] ?? this.#servers[0];
  }

  /** The current server accepted us. */
  accepted(): void {
    this.#failures = 0;
    this.#unusable.clear();
  }

  /**
   * The current server failed; the next one has the turn. `round-over`: all have failed in a row, so it is time to wait;
   * `hopeless`: all of them for good.
   */
  failed(forGood: boolean): 'next' | 'round-over' | 'hopeless' {
    if (forGood) this.#unusable.add(this.#index);
    else this.#unusable.delete(this.#index);
    this.#index = (this.#index + 1) % this.#servers.length;
    this.#failures += 1;
    if (this.#unusable.size === this.#servers.length) return 'hopeless';
    return this.#failures % this.#servers.length === 0 ? 'round-over' : 'next';
  }
}
