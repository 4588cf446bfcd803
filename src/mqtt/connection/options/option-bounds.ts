/** The largest number in a four-byte property. */
export const MAX_UINT32 = 0xffff_ffff;
/** Largest packet of the protocol: the fixed header and its longest remaining length. */
export const MAX_PACKET_SIZE = 268_435_460;
