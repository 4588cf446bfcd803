const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;
/** Without a wrong one for so long, the next is the first again. */
const FORGOTTEN_MS = 60_000;
const MOST_ADDRESSES = 1024;

interface Wrongs {
  count: number;
  pausedUntilMs: number;
}

/**
 * Slows who tries tokens: behind each wrong one no token from that address is even compared for a while, twice as long each time. A right one
 * from elsewhere does not wait. Has no clock.
 */
export class WrongTokens {
  /** The one that was wrong longest ago is first. */
  readonly #wrongs = new Map<string, Wrongs>();

  /** How long none from there is compared; 0: it is. */
  pauseMs(address: string, nowMs: number): number {
    return Math.max(0, (this.#wrongs.get(networkOf(address))?.pausedUntilMs ?? 0) - nowMs);
  }

  wrong(address: string, nowMs: number): void {
    const network = networkOf(address);
    const before = this.#wrongs.get(network);
    const isRecent = before !== undefined && nowMs - before.pausedUntilMs < FORGOTTEN_MS;
    const count = isRecent ? before.count + 1 : 1;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
    this.#wrongs.delete(network);
    this.#wrongs.set(network, { count, pausedUntilMs: nowMs + pause });
    const [oldest] = this.#wrongs.keys();
    if (this.#wrongs.size > MOST_ADDRESSES && oldest !== undefined) this.#wrongs.delete(oldest);
  }

  right(address: string): void {
    this.#wrongs.delete(networkOf(address));
  }
}

/** Whoever has an IPv6 address has the other 2^64 of its network, too. */
const networkOf = (address: string): string => {
  if (!address.includes(':') || address.includes('.')) return address;
  const [before = '', after] = address.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros =
    after === undefined ? [] : Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
};
