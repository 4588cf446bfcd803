import type { SenderOwner } from '../../../src/mqtt/sink/outbox/sender/sender-owner.js';

/** Counts nothing and tells nobody. */
export const SILENT_METER: SenderOwner['meter'] = {
  delivered() {},
  dropped() {},
  retried() {},
  published() {},
  suspected() {},
  idsSpent() {},
  stripped() {},
};
