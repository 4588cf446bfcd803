import { NO_DIGEST } from './message-digest.js';

/** Ids of a page. With more, a small commit would store what has not changed; with fewer, a large one would have many pages. */
const PAGE = 64;
const PAGES = 1024;

/** The digests of the messages that had these ids last, by the lowest bits of the id: a part of the state that changes as a whole. */
export interface DigestPage {
  /** Of the ids from 64 times this: 0 to 1023. */
  readonly page: number;
  /** One for each of the 64 ids. */
  readonly digests: Int32Array;
}

/** Whether what a store gave back can be a page. */
export function isDigestPage({ page, digests }: DigestPage): boolean {
  return Number.isInteger(page) && page >= 0 && page < PAGES && digests.length === PAGE;
}

/**
 * R2b: by packet id, the digest of the message that had it last. A commit stores the pages in which something changed since the one
 * before: what it costs goes with the messages of the commit, and not with all that are in flight.
 */
export class MessageDigests {
  readonly #pages: (Int32Array | undefined)[] = [];
  readonly #changed = new Set<number>();
  /** The page that changed last: ids follow each other. */
  #latest = -1;

  constructor(pages: readonly DigestPage[] = []) {
    for (const { page, digests } of pages) this.#pageAt(page).set(digests);
  }

  /** `NO_DIGEST` for an id that no message had. */
  get(packetId: number): number {
    return this.#pages[Math.floor(packetId / PAGE)]?.[packetId % PAGE] ?? NO_DIGEST;
  }

  set(packetId: number, digest: number): void {
    const page = Math.floor(packetId / PAGE);
    this.#pageAt(page)[packetId % PAGE] = digest;
    if (page === this.#latest) return;
    this.#latest = page;
    this.#changed.add(page);
  }

  /** Copies of the pages that changed since this was called last. */
  takeChanged(): DigestPage[] {
    const changed = [...this.#changed].map((page) => ({ page, digests: this.#pageAt(page).slice() }));
    this.#changed.clear();
    this.#latest = -1;
    return changed;
  }

  /** Copies of all pages. */
  toPages(): DigestPage[] {
    return this.#pages.flatMap((digests, page) => (digests === undefined ? [] : { page, digests: digests.slice() }));
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
