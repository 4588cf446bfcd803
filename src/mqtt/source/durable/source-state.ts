import { MillraceError } from '../../../errors/millrace-error.js';
import type { DigestPage } from '../../protocol/session/finished/message-digests.js';
import { areIdRuns, fromIdRuns } from '../../protocol/session/inbound/id-runs.js';
import type { SessionState } from '../../protocol/session/session-state.js';
import { fromStoredMemory } from './stored-memory.js';

/**
 * What an MQTT source has in every commit of a durable job: the ids of the QoS 2 messages whose effect is in this commit or an earlier
 * one and whose PUBREL has not come, in order of arrival (R2), as runs. Ids mean something only in their epoch (R5).
 */
export interface SourceState {
  /** In which the ids mean something. */
  readonly epoch: number;
  /** Whose epochs these are: each client id counts its own. States of earlier versions have none. */
  readonly client?: string;
  /** Runs as in `id-runs.ts`, in order of arrival. */
  readonly inbound: Uint16Array;
  /** What tells messages that come again although they are finished (R2b): see `toStoredMemory`. States of earlier versions have none. */
  readonly memory?: Uint16Array;
}

/** What was committed. @throws MillraceError STORE_CORRUPT for anything else */
export const readSourceState = (value: unknown, source: string): SourceState | undefined => {
  if (value === undefined || isSourceState(value)) return value;
  throw new MillraceError('STORE_CORRUPT', `source "${source}": the stored state is not that of an MQTT source`, {
    advice: 'If another kind of source had this name before, give this one another name; otherwise restore the store.',
    details: { source },
  });
};

/**
 * The state with which the session is born. `epoch` is that of the session's record, which is written before a new epoch begins: ids
 * of another one are void (R5).
 */
export const restoredSession = (
  state: SourceState | undefined,
  { epoch, client }: { readonly epoch: number; readonly client: string },
  pages: readonly DigestPage[] = [],
): SessionState => {
  const isOurs = state?.epoch === epoch && (state.client ?? client) === client;
  const { inbound, memory } = isOurs ? state : NOTHING;
  const ids = fromIdRuns(inbound);
  const remembered = fromStoredMemory(memory);
  return {
    epoch,
    inbound: ids.map((packetId, token) => ({ packetId, token, stage: 'accepted' })),
    outbound: [],
    ...(remembered && { memory: { ...remembered, digests: pages } }),
  };
};

const NOTHING: Pick<SourceState, 'inbound' | 'memory'> = { inbound: new Uint16Array() };

const isSourceState = (value: unknown): value is SourceState =>
  typeof value === 'object' &&
  value !== null &&
  'epoch' in value &&
  typeof value.epoch === 'number' &&
  'inbound' in value &&
  value.inbound instanceof Uint16Array &&
  areIdRuns(value.inbound) &&
  (!('client' in value) || typeof value.client === 'string') &&
  (!('memory' in value) || fromStoredMemory(value.memory) !== undefined);
