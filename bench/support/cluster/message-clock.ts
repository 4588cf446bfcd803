import { NumberedMessages } from '../numbered-messages.js';

/** Publishes at a steady pace, and knows when each message had come through. */
export class MessageClock {
  readonly #messages: NumberedMessages;
  readonly #waiting = new Set<{ readonly sinceMs: number; readonly resolve: (atMs: number) => void }>();
  readonly #timer: NodeJS.Timeout;
  #seenAt = performance.now();
  #stallMs = 0;

  static async start(from: string, to: string, perSecond: number): Promise<MessageClock> {
    return new MessageClock(await NumberedMessages.open(from, to), perSecond);
  }

  private constructor(messages: NumberedMessages, perSecond: number) {
    this.#messages = messages;
    messages.onSeen = (_, sentAtMs) => this.#see(sentAtMs);
    this.#timer = setInterval(() => messages.publishUpTo(messages.sent + 1), 1000 / perSecond);
  }

  /** Resolves with the time when a message that was sent at `sinceMs` or later had come through. */
  throughSince(sinceMs: number): Promise<number> {
    return new Promise((resolve) => this.#waiting.add({ sinceMs, resolve }));
  }

  /** Since the last time that this was asked, the longest time in which nothing came through, in milliseconds. */
  takeStall(): number {
    const stallMs = this.#stallMs;
    this.#stallMs = 0;
    return stallMs;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#messages.close();
  }

  #see(sentAtMs: number): void {
    const now = performance.now();
    this.#stallMs = Math.max(this.#stallMs, now - this.#seenAt);
    this.#seenAt = now;
    for (const one of this.#waiting) {
      if (sentAtMs < one.sinceMs) continue;
      this.#waiting.delete(one);
      one.resolve(now);
    }
  }
}
