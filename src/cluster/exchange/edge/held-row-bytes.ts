/** What a row takes beside its bytes, in about: so that very many small ones are bounded, too. */
const EACH_BYTES = 128;

/** What a row takes while it is held. */
export const heldRowBytes = ({ byteLength }: Uint8Array): number => byteLength + EACH_BYTES;
