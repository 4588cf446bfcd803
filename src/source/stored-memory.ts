import type { CounterState } from '../protocol/session/broker-counter.js';
import type { FinishedState } from '../protocol/session/finished-ids.js';
import type { InboundMemory } from '../protocol/session/session-state.js';

/** Whether what a store gave back can be what R2b remembers beside so many ids that are taken. */
export const isInboundMemory = (value: unknown, taken: number): value is InboundMemory =>
  typeof value === 'object' &&
  value !== null &&
  'held' in value &&
  value.held instanceof Int32Array &&
  value.held.length === taken &&
  'finished' in value &&
  isFinishedState(value.finished) &&
  'counter' in value &&
  isCounterState(value.counter);

const isFinishedState = (value: unknown): value is FinishedState =>
  typeof value === 'object' &&
  value !== null &&
  'ids' in value &&
  value.ids instanceof Uint16Array &&
  'digests' in value &&
  value.digests instanceof Int32Array &&
  value.digests.length === value.ids.length;

const isCounterState = (value: unknown): value is CounterState =>
  typeof value === 'object' &&
  value !== null &&
  'newest' in value &&
  isPacketIdOrNone(value.newest) &&
  'free' in value &&
  isPacketIdOrNone(value.free) &&
  'run' in value &&
  isPacketIdOrNone(value.run) &&
  'overReconnect' in value &&
  (value.overReconnect === 'unseen' || value.overReconnect === 'counted' || value.overReconnect === 'jumped');

const isPacketIdOrNone = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535;
