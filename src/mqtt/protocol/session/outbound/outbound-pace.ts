/** No bound besides the window and the server's Receive Maximum. */
export const UNPACED = Number.POSITIVE_INFINITY;

/** At one: `due` when the server is to be asked whether it lives, `asked` until it has answered, `answered` until the next message. */
type Ping = 'due' | 'asked' | 'answered';

/**
 * How many messages the owner lets be unanswered at once, to find the one at which a server ends the connection (R20a). What it
 * bounds are re-sends as well as new messages. The invariants:
 * P1. At one, one packet of any kind is unanswered, and a message goes out only after a PINGREQ that was written since the last one was
 *     answered: so nothing before it has ended the connection.
 * P2. At nought nothing goes out.
 */
export class OutboundPace {
  /** UNPACED: no bound of its own. Another one begins with a PINGREQ (P1). */
  #window = UNPACED;
  #ping: Ping = 'due';
  /** PINGRESPs up to the one that is awaited. */
  #awaited = 0;
  /** The message that went out last under P1; -1 for none. */
  #single = -1;

  get window(): number {
    return this.#window;
  }

  set window(window: number) {
    if (window === this.#window) return;
    this.#window = window;
    this.#ping = 'due';
    this.#single = -1;
  }

  get atOne(): boolean {
    return this.#window === 1;
  }

  /** Whether a PINGREQ is to be written, once nothing is unanswered. */
  get pingDue(): boolean {
    return this.atOne && this.#ping === 'due';
  }

  /** At one: whether a message may go out, once nothing is unanswered. */
  get answered(): boolean {
    return this.#ping === 'answered';
  }

  /** The message that is unanswered if one packet is; -1 when it did not go out under P1. */
  get single(): number {
    return this.#single;
  }

  /** PINGREQ was written, and so many are unanswered with it. */
  pinged(unanswered: number): void {
    this.#ping = 'asked';
    this.#awaited = unanswered;
  }

  /** PINGRESP came; true when it is the one that was awaited. */
  pingAnswered(): boolean {
    if (this.#ping !== 'asked') return false;
    this.#awaited -= 1;
    if (this.#awaited > 0) return false;
    this.#ping = 'answered';
    return true;
  }

  /** A message went out; `seq` is -1 at QoS 0, which nothing answers. */
  sent(seq: number): void {
    if (!this.atOne) return;
    this.#ping = 'due';
    this.#single = seq;
  }

  connectionLost(): void {
    this.#ping = 'due';
    this.#single = -1;
  }
}
