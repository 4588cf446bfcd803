import { EventEmitter } from 'node:events';
import type { SimClock } from './sim-clock.js';
import type { SimLife } from './sim-life.js';
import type { LinkEnd, SimLink } from './sim-link.js';

/** What a socket is made of. */
export interface SimSocketParts {
  readonly clock: SimClock;
  readonly life: SimLife;
  readonly link: SimLink;
}

/** A `net.Socket` as far as the product uses one, over a simulated link. Its events come in turns of their own. */
export class SimSocket extends EventEmitter implements LinkEnd {
  readonly #parts: SimSocketParts;
  #corked = false;
  #waiting: Uint8Array[] = [];
  #paused = false;
  #unread: Uint8Array[] = [];
  #open = true;
  /** The kernel takes everything. */
  readonly writableLength = 0;

  constructor(parts: SimSocketParts) {
    super();
    this.#parts = parts;
  }

  /** Nobody has closed or lost it. */
  get open(): boolean {
    return this.#open && this.#parts.life.alive;
  }

  setNoDelay(): this {
    return this;
  }

  cork(): void {
    this.#corked = true;
  }

  uncork(): void {
    this.#corked = false;
    this.#flush();
  }

  write(chunk: Uint8Array, onTaken?: () => void): boolean {
    if (!this.open) return false;
    this.#waiting.push(chunk.slice());
    if (!this.#corked) this.#flush();
    onTaken?.();
    return true;
  }

  pause(): this {
    this.#paused = true;
    return this;
  }

  resume(): this {
    this.#paused = false;
    if (this.#unread.length > 0) this.#later(() => this.#read());
    return this;
  }

  end(): this {
    this.#close();
    return this;
  }

  destroy(): this {
    this.#close();
    return this;
  }

  connected(): void {
    this.#enter(() => this.emit('connect'));
  }

  refused(): void {
    this.#enter(() => {
      this.#open = false;
      this.emit('error', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
      this.#later(() => this.emit('close'));
    });
  }

  receive(bytes: Uint8Array): void {
    this.#enter(() => {
      this.#unread.push(bytes);
      this.#read();
    });
  }

  /** The other end is gone, or the network. */
  ended(): void {
    this.#enter(() => this.#end());
  }

  #enter(run: () => void): void {
    if (!this.open) return;
    this.#parts.life.enter(() => {
      if (this.open) run();
    });
  }

  #end(): void {
    this.#read();
    this.#open = false;
    this.#later(() => {
      this.emit('error', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      this.emit('close');
    });
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    this.#parts.life.beforeIo();
    const chunks = this.#waiting;
    this.#waiting = [];
    if (this.open) this.#parts.link.toBroker(chunks);
  }

  #read(): void {
    while (!this.#paused && this.open) {
      const bytes = this.#unread.shift();
      if (bytes === undefined) return;
      this.emit('data', bytes);
    }
  }

  #close(): void {
    if (!this.open) return;
    this.#open = false;
    this.#parts.link.clientGone();
    this.#later(() => this.emit('close'));
  }

  #later(run: () => void): void {
    const { clock, life } = this.#parts;
    clock.after(0, () => life.enter(run), life);
  }
}
