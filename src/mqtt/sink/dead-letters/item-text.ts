import { inspect } from 'node:util';

/** However deep it is: the letter may be all that is left of the item. */
const WHOLE = { depth: Number.POSITIVE_INFINITY, maxArrayLength: 10_000, maxStringLength: 100_000 };

/** What people are shown of an item that is no payload, or of what one has besides it. */
export const itemText = (item: unknown): string => (typeof item === 'string' ? item : inspect(item, WHOLE));
