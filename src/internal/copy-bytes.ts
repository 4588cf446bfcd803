/** Up to these lengths a loop is faster than a call into the platform; of a part that needs a view of it besides. */
const SHORT = 16;
const SHORT_PART = 32;

/** Copies the first bytes of one array into another. */
export const copyBytes = (from: Uint8Array, length: number, to: Uint8Array, at: number): void => {
  const isWhole = length === from.byteLength;
  if (length > (isWhole ? SHORT : SHORT_PART)) {
    to.set(isWhole ? from : from.subarray(0, length), at);
    return;
  }
  for (let index = 0; index < length; index += 1) to[at + index] = from[index] ?? 0;
};
