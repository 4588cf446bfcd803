import type { StateCodec } from '../state-codec.js';

/** How a codec encodes small states, of which a commit has thousands, without making bytes for each. */
export interface InPlace {
  /** Writes a state to the beginning of `compactScratch`. Gives the length; 0: it is not small, and `encodeOther` is asked. */
  readonly write: (state: unknown) => number;
  readonly encodeOther: (state: unknown) => Uint8Array;
}

/** By their codecs, those of `StateCodecs`: what `encode` of these would make. */
const inPlace = new WeakMap<object, InPlace>();

/** Says how a codec does that. */
export const encodesInPlace = (codec: object, how: InPlace): void => {
  inPlace.set(codec, how);
};

/** Undefined for a codec of the user's. */
export const inPlaceOf = (codec: StateCodec<unknown>): InPlace | undefined => inPlace.get(codec);
