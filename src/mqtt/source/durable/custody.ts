import type { DurableContext } from '../../../connector/durable-context.js';
import type { OpenContext } from '../../../connector/open-context.js';
import { readSessionRecord } from '../../connection/identity/record/read-session-record.js';
import { epochOf } from '../../connection/identity/record/session-record.js';
import type { UnknownSessionPolicy } from '../../connection/identity/session-past.js';
import type { SourceCustody } from '../acknowledgement/acknowledger.js';
import { DurableAcks } from './acks.js';
import { readSourceState, restoredSession } from './source-state.js';
import { fromStoredPages } from './stored-memory.js';

const NO_PAGES: ReadonlyMap<string, Uint8Array> = new Map();

/** What a source has to say of its session in a job with a store. */
export interface DurableSourceFacts {
  /** For errors. */
  readonly name: string;
  /** The session's record is stored under it. */
  readonly clientId: string;
  /** For a first start that finds one (R6). */
  readonly onUnknownSession: UnknownSessionPolicy;
}

/** What of the context is needed here. */
interface StoredContext extends Pick<OpenContext, 'restored' | 'restoredPages'> {
  readonly durable: DurableContext;
}

/**
 * With a store. Puts together what that has: the session's record, under the client id, and the ids of the last commit.
 * @throws MillraceError STORE_CORRUPT
 */
export const durableCustody = (
  { name, clientId, onUnknownSession }: DurableSourceFacts,
  { durable, restored: stored, restoredPages = NO_PAGES }: StoredContext,
): SourceCustody => {
  const record = durable.record(clientId);
  const epoch = epochOf(readSessionRecord(record.value));
  const pages = fromStoredPages(restoredPages, name);
  const restored = restoredSession(readSourceState(stored, name), { epoch, client: clientId }, pages);
  return {
    past: { record, restored, onUnknownSession },
    acknowledger: (session) => new DurableAcks(session, restored, clientId),
  };
};
