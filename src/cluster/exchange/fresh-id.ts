import { randomBytes } from 'node:crypto';

/** A number below 2^48 that nobody else draws, and never 0. */
export const freshId = (): number => 1 + (randomBytes(6).readUIntLE(0, 6) % (2 ** 48 - 1));
