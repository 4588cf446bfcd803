import type { DurableRecord } from '../../../src/internal/durable-record.js';
import { readSessionRecord } from '../../../src/mqtt/connection/identity/record/read-session-record.js';
import { epochOf } from '../../../src/mqtt/connection/identity/record/session-record.js';
import type { SessionPast } from '../../../src/mqtt/connection/identity/session-past.js';
import type { ConnectOptions } from '../../../src/mqtt/connection/options/connect-options.js';
import type { ConnectInput } from '../../../src/mqtt/connection/options/resolve-connect-options.js';
import type { SessionState } from '../../../src/mqtt/protocol/session/session-state.js';
import { type ConnectionRig, connectionRig } from './connection-rig.js';

/** What one life of a durable connection is given. */
export interface LifeOptions {
  readonly record: DurableRecord;
  readonly inbound?: SessionState['inbound'];
  readonly outbound?: SessionState['outbound'];
  readonly onUnknownSession?: SessionPast['onUnknownSession'];
  readonly options?: ConnectOptions;
  readonly input?: Partial<ConnectInput>;
}

/** A connection of a job with a store, as one process has it. */
export function durableRig(broker: string, life: LifeOptions): ConnectionRig {
  const { record, inbound = [], outbound = [], onUnknownSession = 'fail', options = {}, input = {} } = life;
  const epoch = epochOf(readSessionRecord(record.value));
  const past: SessionPast = { record, restored: { epoch, inbound, outbound }, onUnknownSession };
  return connectionRig(broker, options, { keepSession: true, startClean: false, past, ...input });
}
