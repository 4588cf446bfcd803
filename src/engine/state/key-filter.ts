/** Bits: with two million keys one of two hundred is taken for another. */
const BITS = 2 ** 25;
/** The bits of one piece, as a power of two. */
const PIECE_BITS = 15;
const PIECE_BYTES = 2 ** PIECE_BITS / 8;
/** Bits of a key. */
const HASHES = 3;

/**
 * Which keys may have been added: every one that was, and few others. With very many keys it says so of all of them. It has
 * 4 MiB at most, in pieces that are made as keys come: in one, each would count as 4 MiB for the garbage collector, which runs the more for that.
 */
export class KeyFilter {
  readonly #pieces: (Uint8Array | undefined)[] = new Array(BITS >>> PIECE_BITS).fill(undefined);

  /** @param from what stands before is the same in all keys */
  add(key: string, from: number): void {
    const { first, step } = hashOf(key, from);
    for (let index = 0; index < HASHES; index += 1) {
      const bit = (first + Math.imul(index, step)) & (BITS - 1);
      const piece = this.#pieceOf(bit);
      const at = byteOf(bit);
      piece[at] = (piece[at] ?? 0) | (1 << (bit & 7));
    }
  }

  /** False only for a key that was never added. */
  mayHave(key: string, from: number): boolean {
    const { first, step } = hashOf(key, from);
    for (let index = 0; index < HASHES; index += 1) {
      const bit = (first + Math.imul(index, step)) & (BITS - 1);
      if (((this.#pieces[bit >>> PIECE_BITS]?.[byteOf(bit)] ?? 0) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  #pieceOf(bit: number): Uint8Array {
    const piece = this.#pieces[bit >>> PIECE_BITS] ?? new Uint8Array(PIECE_BYTES);
    this.#pieces[bit >>> PIECE_BITS] = piece;
    return piece;
  }
}

/** Where it is in its piece. */
const byteOf = (bit: number): number => (bit >>> 3) & (PIECE_BYTES - 1);

/** Two hashes of one walk: FNV-1a, and a second one that is mixed and odd. */
const hashOf = (key: string, from: number): { readonly first: number; readonly step: number } => {
  let first = 0x811c9dc5;
  let second = 0;
  for (let index = from; index < key.length; index += 1) {
    const code = key.charCodeAt(index);
    first = Math.imul(first ^ code, 0x01000193);
    second = (Math.imul(second, 31) + code) | 0;
  }
  first ^= first >>> 15;
  second = Math.imul(second ^ (second >>> 16), 0x45d9f3b);
  return { first: first ^ (first >>> 13), step: (second ^ (second >>> 16)) | 1 };
};
