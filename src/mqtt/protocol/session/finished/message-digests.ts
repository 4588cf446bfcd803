import { NO_DIGEST } from './message-digest.js';

/** Ids of a whole page. */
const PAGE = 8192;
const PAGES = 8;
/** The page of what was set of late, which is not in the whole pages yet. */
const LATEST = PAGES;
/** Ids that it has at most: with fewer, whole pages would be stored more often; with more, each small commit would be larger. */
const MOST_LATEST = 500;

const NONE = new Int32Array();

/** The digests of the messages that had these ids last: a part of the state that changes as a whole. */
export interface DigestPage {
  /** 0 to 7: of the ids from 8192 times this. 8: of the ids that were set since whole pages were given, over what those say. */
  readonly page: number;
  /** One for each of the 8192 ids; of page 8, an id and its digest in turn, up to 500 times, and more in a state that no store has. */
  readonly digests: Int32Array;
}

/** Whether what a store gave back can be a page. */
export function isDigestPage({ page, digests }: DigestPage): boolean {
  if (page === LATEST) return arePairs(digests);
  return Number.isInteger(page) && page >= 0 && page < PAGES && digests.length === PAGE;
}

function arePairs(digests: Int32Array): boolean {
  const ids = digests.filter((_id, index) => index % 2 === 0);
  return digests.length % 2 === 0 && ids.every((id) => id > 0 && id < PAGE * PAGES);
}

/**
 * R2b: by packet id, the digest of the message that had it last. What a commit stores goes with its own messages, and not with all that
 * are in flight: the latest few hundred, and from time to time the whole pages that these are in. So a store has few records of it.
 */
export class MessageDigests {
  readonly #pages: (Int32Array | undefined)[] = [];
  /** An id and its digest in turn, as they were set since whole pages were given; not all, once there are too many. */
  #latest = NONE;
  /** How many were set since then. */
  #count = 0;
  /** The whole pages that these are in, as bits. */
  #touched = 0;
  /** Something was set since `takeChanged`. */
  #changed = false;

  /** Those that `takeChanged` gave, each as it was last, or what `toPages` did. */
  constructor(pages: readonly DigestPage[] = []) {
    for (const { page, digests } of pages) if (page !== LATEST) this.#pageAt(page).set(digests);
    // behind the whole pages, which are older. They stay the latest: the stored ones do not have them
    for (const { page, digests } of pages) if (page === LATEST) this.#setAll(digests);
    this.#changed = false;
  }

  /** `NO_DIGEST` for an id that no message had. */
  get(packetId: number): number {
    return this.#pages[Math.floor(packetId / PAGE)]?.[packetId % PAGE] ?? NO_DIGEST;
  }

  set(packetId: number, digest: number): void {
    const page = Math.floor(packetId / PAGE);
    this.#pageAt(page)[packetId % PAGE] = digest;
    this.#touched |= 1 << page;
    this.#changed = true;
    this.#count += 1;
    if (this.#count > MOST_LATEST) return;
    // with the first, since most sessions have none
    if (this.#latest === NONE) this.#latest = new Int32Array(2 * MOST_LATEST);
    this.#latest[2 * this.#count - 2] = packetId;
    this.#latest[2 * this.#count - 1] = digest;
  }

  /** Copies of the pages that changed since this was called last. */
  takeChanged(): DigestPage[] {
    if (!this.#changed) return [];
    this.#changed = false;
    if (this.#count <= MOST_LATEST) return [{ page: LATEST, digests: this.#latest.slice(0, 2 * this.#count) }];
    const whole = [...this.#pages.keys()].filter((page) => (this.#touched & (1 << page)) !== 0);
    this.#count = 0;
    this.#touched = 0;
    // the stored latest ones are older than these, and must not be over them
    return [...whole.map((page) => ({ page, digests: this.#pageAt(page).slice() })), { page: LATEST, digests: NONE }];
  }

  /** All digests: what each commit together with those before has. */
  toPages(): DigestPage[] {
    const pairs = this.#pages.flatMap((digests = NONE, page) =>
      Array.from(digests, (digest, at) => [page * PAGE + at, digest]).filter(([, digest]) => digest !== NO_DIGEST),
    );
    return [{ page: LATEST, digests: Int32Array.from(pairs.flat()) }];
  }

  #setAll(pairs: Int32Array): void {
    for (let at = 0; at < pairs.length; at += 2) this.set(pairs[at] ?? 0, pairs[at + 1] ?? NO_DIGEST);
  }

  #pageAt(page: number): Int32Array {
    for (let next = this.#pages.length; next <= page; next += 1) this.#pages.push(undefined);
    const known = this.#pages[page];
    if (known !== undefined) return known;
    const made = new Int32Array(PAGE);
    this.#pages[page] = made;
    return made;
  }
}
