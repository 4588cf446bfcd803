import { NumberedMessages } from '../numbered-messages.js';

/** Publishes at a steady pace, and knows when each message had come through. */
export class MessageClock {
  readonly #messages: NumberedMessages;
  readonly #waiting = new Set<{ readonly sinceMs: number; readonly resolve: (atMs: number) => void }>();
  readonly #timer: NodeJS.Timeout;

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

  close(): void {
    clearInterval(this.#timer);
    this.#messages.close();
  }

  #see(sentAtMs: number): void {
    for (const one of this.#waiting) {
      if (sentAtMs < one.sinceMs) continue;
      this.#waiting.delete(one);
      one.resolve(performance.now());
    }
  }
}
