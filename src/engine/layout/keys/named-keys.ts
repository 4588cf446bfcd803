import { namePart } from './key-text.js';

/**
 * Kinds of things that are stored under names: `<kind>/<name>` is the record of the name itself, `<kind>/<name>/…` what stands under it.
 */
export type NamedKind = 'state' | 'keys' | 'timer' | 'due' | 'early' | 'early-due' | 'async' | 'dedupe';

/** The key of the record of a name. @throws MillraceError INVALID_OPTIONS for a name that no key can have */
export const nameKey = (kind: NamedKind, name: string): string => `${kind}/${namePart(name)}`;

/** What all keys under a name begin with. */
export const namePrefix = (kind: NamedKind, name: string): string => `${nameKey(kind, name)}/`;
