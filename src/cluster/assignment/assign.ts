import { assignFit } from './assign-fit.js';
import { assignStandbys } from './assign-standbys.js';
import type { Assignment, Situation } from './situation.js';

/**
 * Who should have which partition, and who should follow it: a pure function of what is known, so nodes that know the same agree without
 * asking each other, and the order in which they learned it makes no difference. With what it gave as owners and followers it gives
 * the same again.
 */
export function assign(situation: Situation): Assignment {
  const known = { ...situation, nodes: [...new Set(situation.nodes)].sort() };
  const owners = assignFit(known);
  return { owners, standbys: assignStandbys(known, owners) };
}
