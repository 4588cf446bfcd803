import type { StoreView } from '../../store/store.js';
import { namePart } from './part-key.js';

/** What is stored under names: `<kind>/<name>` is the record of the name itself, `<kind>/<name>/…` what stands under it. */
export type NamedKind = 'state' | 'async' | 'dedupe';

/** The key of the record of a name. @throws MillraceError INVALID_OPTIONS for a name that no key can have */
export const nameKey = (kind: NamedKind, name: string): string => `${kind}/${namePart(name)}`;

/** What all keys under a name begin with. */
export const namePrefix = (kind: NamedKind, name: string): string => `${nameKey(kind, name)}/`;

/** Above every key that begins with this prefix, which ends in `/`. */
export const endOfPrefix = (prefix: string): string => `${prefix.slice(0, -1)}0`;

/** The lowest character of an encoded name. */
const LOWEST = '!';

/** The names that something is stored under, found by two looks at the store for each. */
export const storedNames = (view: StoreView, kind: NamedKind): readonly string[] => {
  const names = new Set<string>();
  const end = endOfPrefix(`${kind}/`);
  for (let from = `${kind}/`; ; ) {
    const [first] = view.range(from, end);
    if (first === undefined) return [...names];
    const [, part = '', ...under] = first.key.split('/');
    names.add(decodeURIComponent(part));
    // keys under "a" come after the record of "a-b", which comes after that of "a"
    from = under.length === 0 ? first.key + LOWEST : endOfPrefix(`${kind}/${part}/`);
  }
};
