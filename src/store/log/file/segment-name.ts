/** Digits of the largest seq. */
const DIGITS = 16;
const PATTERN = /^(\d{16})\.segment$/;

/** The file of a segment by the seq of its first record, so that names are in the order of the records. */
export const segmentName = (first: number): string => `${String(first).padStart(DIGITS, '0')}.segment`;

/** The seq of its first record; undefined for any other file. */
export function firstOf(name: string): number | undefined {
  const [, digits] = PATTERN.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
