/** Up to this length a loop is faster than a call into the platform, which needs a view of a part. */
const SHORT = 96;

/** Copies the first bytes of one array into another. */
export const copyBytes = (from: Uint8Array, length: number, to: Uint8Array, at: number): void => {
  if (length > SHORT) {
    to.set(length === from.byteLength ? from : from.subarray(0, length), at);
    return;
  }
  for (let index = 0; index < length; index += 1) to[at + index] = from[index] ?? 0;
};
