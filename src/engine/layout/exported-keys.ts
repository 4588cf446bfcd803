import type { NamedKind } from './keys/named-keys.js';
import { storeKeys } from './keys/store-keys.js';
import type { StoredKeys } from './stored-parts.js';

/** Whether a snapshot has what stands under names: `keys` is counted anew. */
const EXPORTED_KINDS: Readonly<Record<NamedKind, boolean>> = {
  state: true,
  keys: false,
  timer: true,
  due: true,
  early: true,
  'early-due': true,
  async: true,
  dedupe: true,
};

/**
 * All that a snapshot may have.
 *
 * R18. What stages keep is in it, with how far their event time had come, and the keys by which sources tell copies. Of positions, outboxes
 *      and sessions nothing is: they are of one job and its brokers.
 */
export const EXPORTED: StoredKeys = {
  keys: [storeKeys.eventTimes],
  prefixes: Object.entries(EXPORTED_KINDS).flatMap(([kind, isExported]) => (isExported ? `${kind}/` : [])),
};

/** Whether a key is one of these. */
export const isExported = (key: string): boolean =>
  EXPORTED.keys.includes(key) || EXPORTED.prefixes.some((prefix) => key.startsWith(prefix));
