/**
 * Writes a text in UTF-8, where there is room for it, and gives where it ends. Keys are short, and mostly ASCII: a loop is faster than a call
 * into the platform.
 * @param from where the part of the text begins that is written
 */
export const writeText = (to: Buffer, at: number, text: string, from = 0): number => {
  const { length } = text;
  for (let index = from; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return at + to.write(text.slice(from), at);
    to[at + index - from] = code;
  }
  return at + length - from;
};
