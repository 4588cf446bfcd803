import type { StateCodec } from '../state-codec.js';

/** How a codec encodes small states, of which a commit has thousands, without making bytes for each. */
export interface InPlace {
  /** Has what was written last at its beginning. It is not kept: what is encoded next may be written there. */
  readonly bytes: Uint8Array;
  /** Writes a state to the beginning of `bytes`. Gives the length; 0: it is not small, and `encodeOther` is asked. */
  readonly write: (state: unknown) => number;
  readonly encodeOther: (state: unknown) => Uint8Array;
}

type Encode<S> = StateCodec<S>['encode'];

/** By `encode` of the codecs of `StateCodecs`, which would make the same: a codec of which somebody has replaced it is none of these. */
const inPlace = new WeakMap<Encode<never>, InPlace>();

/** Says how it does that. */
export const encodesInPlace = <S>(encode: Encode<S>, how: InPlace): void => {
  inPlace.set(encode, how);
};

/** Undefined for a codec of the user's. */
export const inPlaceOf = ({ encode }: StateCodec<unknown>): InPlace | undefined => inPlace.get(encode);
