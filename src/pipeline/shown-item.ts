import { inspect } from 'node:util';

/** An item for people to read: a text as it is, anything else as `util.inspect` shows it. */
export const shownItem = (item: unknown): string => (typeof item === 'string' ? item : inspect(item));
