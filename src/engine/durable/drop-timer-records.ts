import type { StatefulStage } from '../../pipeline/stage-state.js';
import type { Store } from '../../store/store.js';
import { nameKey, namePrefix } from '../layout/keys/named-keys.js';
import { hasKeys } from '../layout/stored-parts.js';
import { TIMERS_IN_STATES } from '../state/armed-timers.js';
import { removeStored } from './stored-manifest.js';

/**
 * Removes what earlier versions have stored of the timers of windows, once: their states say the same (TM11), so it need not be read. That it
 * is so is noted first, by which those versions refuse the store; a crash in between leaves records that the next start removes.
 */
export const dropTimerRecords = async (store: Store, stages: readonly StatefulStage[]): Promise<void> => {
  for (const { name, windows } of stages) {
    const prefix = namePrefix('timer', name);
    if (windows === undefined || !hasKeys(store, prefix)) continue;
    await store.commit(new Map([[nameKey('timer', name), TIMERS_IN_STATES]]));
    await removeStored(store, { keys: [], prefixes: [prefix] });
  }
};
