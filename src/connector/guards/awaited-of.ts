import { contractBroken, type Door, shown } from '../../internal/door/door.js';
import { isCount } from '../../internal/is-count.js';

/** The answers that a port has to come; 0 where it does not say. @throws MillraceError CONTRACT_BROKEN for what is no count */
export const awaitedOf = (door: Door, { awaited = 0 }: { readonly awaited?: number }): number => {
  if (isCount(awaited)) return awaited;
  throw contractBroken(door, 'awaited', `awaited is ${shown(awaited)}`);
};
