import type { SessionEvent } from './session-event.js';

const NONE: readonly SessionEvent[] = [];

/** Events that wait for the owner, in order. */
export class EventQueue {
  #events: SessionEvent[] = [];

  push(event: SessionEvent): void {
    this.#events.push(event);
  }

  /** All of them; the queue is empty afterwards. */
  take(): readonly SessionEvent[] {
    if (this.#events.length === 0) return NONE;
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
