import { serverKey } from '../identity/session-server.js';
import type { ServerAddress } from '../options/mqtt-connection-options.js';

interface Entry {
  readonly address: ServerAddress;
  /** From a redirect, not from the user. */
  readonly learned: boolean;
}

/**
 * Whose turn it is in a failover list. A server that accepted us is asked first again; one that did not passes the turn on.
 * A server that a redirect names for now is a guest: asked until it fails once. One that a redirect names for good gets a place in the
 * list before the one that moved, which stays: a wrong redirect must not lock us out. Where a redirect leads to a server that does not
 * accept us, whoever sent us there has had its turn: it would name that server again.
 */
export class ServerRotation {
  readonly #first: ServerAddress;
  readonly #servers: Entry[];
  /** Servers of this round that cannot be used without a change there or here (a certificate, another protocol). */
  readonly #unusable = new Set<number>();
  #index = 0;
  #failures = 0;
  #guest: ServerAddress | undefined;
  /** Who of the list began the redirects that led to the current server, until that accepts us or fails. */
  #sender: Entry | undefined;

  constructor(servers: readonly [ServerAddress, ...ServerAddress[]]) {
    this.#first = servers[0];
    this.#servers = servers.map((address) => ({ address, learned: false }));
  }

  get current(): ServerAddress {
    return this.#guest ?? this.#servers[this.#index]?.address ?? this.#first;
  }

  /** The current server is none of the list. */
  get atGuest(): boolean {
    return this.#guest !== undefined;
  }

  /** The current server accepted us. */
  accepted(): void {
    this.#failures = 0;
    this.#unusable.clear();
    this.#sender = undefined;
  }

  /** The current server sends us to another one. */
  redirect(to: ServerAddress, moved: boolean): void {
    const known = this.#servers.findIndex(({ address }) => serverKey(address) === serverKey(to));
    const guest = this.#guest !== undefined;
    // a guest that accepted us stands for nobody of the list
    if (!guest) {
      this.#sender ??= this.#servers[this.#index];
      this.#unusable.delete(this.#index);
    }
    this.#guest = known < 0 && (guest || !moved) ? to : undefined;
    if (known >= 0) this.#index = known;
    else if (!guest && moved) this.#learn(to);
  }

  /**
   * The current server failed; the next one has the turn. `round-over`: all have failed in a row, or a redirect led nowhere, so it is
   * time to wait; `hopeless`: all of them for good.
   */
  failed(forGood: boolean): 'next' | 'round-over' | 'hopeless' {
    const sender = this.#sender;
    this.#sender = undefined;
    if (this.#guest === undefined) this.#mark(forGood);
    else {
      this.#guest = undefined;
      if (sender === undefined) return 'round-over';
    }
    const senderIndex = sender === undefined ? -1 : this.#servers.indexOf(sender);
    if (senderIndex >= 0) this.#index = senderIndex;
    this.#index = (this.#index + 1) % this.#servers.length;
    this.#failures += 1;
    if (this.#unusable.size === this.#servers.length) return 'hopeless';
    // servers that accept us only to send us on must not make a storm
    return sender !== undefined || this.#failures % this.#servers.length === 0 ? 'round-over' : 'next';
  }

  #mark(forGood: boolean): void {
    if (forGood) this.#unusable.add(this.#index);
    else this.#unusable.delete(this.#index);
  }

  /** In the place of what an earlier redirect put there, so that the list grows by one for each server of the user at most. */
  #learn(address: ServerAddress): void {
    const replaces = this.#servers[this.#index]?.learned === true;
    this.#servers.splice(this.#index, replaces ? 1 : 0, { address, learned: true });
    this.#unusable.clear();
  }
}
