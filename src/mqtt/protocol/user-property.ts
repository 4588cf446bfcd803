import type { Properties } from './properties.js';

/** All values of a user property, whose name may come more than once. */
export const userProperty = (properties: Properties | undefined, name: string): readonly string[] =>
  properties?.userProperties?.flatMap(([one, value]) => (one === name ? [value] : [])) ?? [];
