import type { EventTimesState } from '../../../pipeline/time/event-times.js';
import { decodeStored } from './stored-value.js';

/** @throws MillraceError STORE_CORRUPT */
export const readEventTimes = (bytes: Uint8Array): EventTimesState =>
  // written by `StoredEventTimes`, and its bytes are checked by the store
  decodeStored(bytes) as EventTimesState;
