/** The largest Variable Byte Integer, and so the largest Remaining Length: four bytes of seven bits. */
export const MAX_VARIABLE_INTEGER = 268_435_455;

/** How many bytes a Variable Byte Integer takes: always the fewest [MQTT-1.5.5-1]. */
export function variableIntegerSize(value: number): 1 | 2 | 3 | 4 {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}

/** Writes a Variable Byte Integer at `at` and returns its end. */
export function writeVariableInteger(value: number, bytes: Uint8Array, at: number): number {
  let rest = value;
  let end = at;
  while (rest > 0x7f) {
    bytes[end] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    end += 1;
  }
  bytes[end] = rest;
  return end + 1;
}
