import { joinBytes } from '../../internal/join-bytes.js';

/** A message's place in its record: `1/3` is the first of three. A record of one message has none. */
export interface PiecePlace {
  /** From 1 up. */
  readonly index: number;
  readonly count: number;
}

/** What is read of the header; undefined for what is none of ours. */
export const placeOf = (header: string | undefined): PiecePlace | undefined => {
  if (header === undefined || header === '') return { index: 1, count: 1 };
  const [index = 0, count = 0] = /^[1-9]\d{0,5}\/[1-9]\d{0,5}$/.test(header) ? header.split('/').map(Number) : [];
  return index > 0 && index <= count ? { index, count } : undefined;
};

/** Splits a record into messages, views of it: as few as can be, all of one size but the last. An empty record is one message. */
export const piecesOf = (record: Uint8Array, pieceBytes: number): readonly Uint8Array[] => {
  const count = Math.max(1, Math.ceil(record.byteLength / pieceBytes));
  return Array.from({ length: count }, (_, index) => record.subarray(index * pieceBytes, (index + 1) * pieceBytes));
};

/** Puts the messages of one record together, as they come in the order of the log. */
export class RecordPieces {
  #pieces: Uint8Array[] = [];
  #count = 0;

  /** Some of a record have come, and not all. */
  get open(): boolean {
    return this.#pieces.length > 0;
  }

  /**
   * Takes the next message.
   * @returns the record, when it is whole; 'foreign' for a message that does not come next: somebody else's, or one is missing
   */
  take(place: PiecePlace | undefined, bytes: Uint8Array): Uint8Array | 'foreign' | undefined {
    if (place === undefined || place.index !== this.#pieces.length + 1) return 'foreign';
    if (this.open && place.count !== this.#count) return 'foreign';
    this.#count = place.count;
    this.#pieces.push(bytes);
    if (this.#pieces.length < place.count) return undefined;
    const pieces = this.#pieces;
    this.#pieces = [];
    return joinBytes(pieces);
  }
}
