import type { ServerResponse } from 'node:http';
import { beginAnswer } from './answer.js';
import { FRESH_MS } from './policy/made-once.js';

/** What viewers are shown. */
export interface Show {
  /** To who comes. What it throws keeps him out, and is thrown on. */
  readonly first: () => Uint8Array;
  /** To all, each second. When it throws, all are ended. */
  readonly next: () => Uint8Array;
}

/** What is written and not taken yet; whoever has more is cut off. */
const MOST_UNREAD_BYTES = 256 * 1024;

/**
 * Who follows server-sent events. A frame is made once for all of them, each second while there is anybody. A viewer that does not read costs
 * its unread bytes, and is cut off above 256 KiB.
 */
export class Viewers implements Disposable {
  readonly #most: number;
  readonly #show: Show;
  readonly #viewers = new Set<ServerResponse>();
  #timer: NodeJS.Timeout | undefined;

  constructor(most: number, show: Show) {
    this.#most = most;
    this.#show = show;
  }

  /** False: there are as many as there may be, and nothing was written. */
  add(response: ServerResponse): boolean {
    if (this.#viewers.size >= this.#most) return false;
    const frame = this.#show.first();
    beginAnswer(response, 200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.once('close', () => this.#remove(response));
    this.#viewers.add(response);
    this.#write(response, frame);
    this.#timer ??= setInterval(() => this.#tick(), FRESH_MS);
    return true;
  }

  [Symbol.dispose](): void {
    for (const response of this.#viewers) response.destroy();
  }

  #tick(): void {
    let frame: Uint8Array;
    try {
      frame = this.#show.next();
    } catch {
      // a gauge of the user's throws: who comes again is told so
      this[Symbol.dispose]();
      return;
    }
    for (const response of this.#viewers) this.#write(response, frame);
  }

  #write(response: ServerResponse, frame: Uint8Array): void {
    if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
    else response.write(frame);
  }

  #remove(response: ServerResponse): void {
    this.#viewers.delete(response);
    if (this.#viewers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
