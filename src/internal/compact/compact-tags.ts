/** What the next value of a compact encoding is. Stored: a number never gets another meaning. */
export const COMPACT = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  /** A whole number of 32 bits. */
  int: 4,
  double: 5,
  /** Length in bytes (16 bits), then ASCII. */
  ascii: 6,
  /** Length in bytes (16 bits), then UTF-16, little endian. */
  utf16: 7,
  /** Length (16 bits), then the elements. */
  array: 8,
  /** Number of properties (16 bits), then name and value of each; a name is a string with its tag. */
  object: 9,
  /** Milliseconds since the epoch, as a double; NaN for an invalid one. */
  date: 10,
  /** Length (16 bits), then key and value of each entry. */
  map: 11,
  /** Length (16 bits), then the members. */
  set: 12,
  /** A Uint8Array: length (16 bits), then the bytes. */
  bytes: 13,
  /** A Buffer, which comes back as one: length (16 bits), then the bytes. */
  buffer: 14,
  /** One of 64 bits with its sign, little endian; others are left to structured clone. */
  bigint: 15,
  /** A Uint16Array: length in bytes (16 bits), then the bytes, in the order of the machine, as structured clone has them. */
  uint16s: 16,
  /** A Uint32Array, likewise. */
  uint32s: 17,
  /** An object of one of `SHAPES`: the number of that (8 bits), then the values. */
  shaped: 18,
} as const;

/** Longer encodings are made by structured clone. */
export const COMPACT_BYTES = 8 * 1024;
