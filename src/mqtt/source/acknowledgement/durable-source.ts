import type { OpenContext } from '../../../connector/open-context.js';
import { readSessionRecord } from '../../connection/identity/record/read-session-record.js';
import { epochOf } from '../../connection/identity/record/session-record.js';
import type { SessionPast, UnknownSessionPolicy } from '../../connection/identity/session-past.js';
import { readSourceState, restoredSession } from './source-state.js';
import { fromStoredPages } from './stored-memory.js';

const NO_PAGES: ReadonlyMap<string, Uint8Array> = new Map();

/** What a source has to say of its session in a job with a store. */
export interface DurableSourceFacts {
  readonly name: string;
  readonly clientId: string;
  readonly onUnknownSession: UnknownSessionPolicy;
}

/**
 * Puts together what the store has: the session's record, under the client id, and the ids of the last commit. Undefined without a
 * store, and with the guarantee `none`, which stores nothing.
 */
export const sessionPastOf = (
  { name, clientId, onUnknownSession }: DurableSourceFacts,
  {
    durable,
    guarantee,
    restored,
    restoredPages = NO_PAGES,
  }: Pick<OpenContext, 'durable' | 'guarantee' | 'restored' | 'restoredPages'>,
): SessionPast | undefined => {
  if (durable === undefined || guarantee === 'none') return undefined;
  const record = durable.record(clientId);
  const epoch = epochOf(readSessionRecord(record.value));
  const pages = fromStoredPages(restoredPages, name);
  return {
    record,
    restored: restoredSession(readSourceState(restored, name), { epoch, client: clientId }, pages),
    onUnknownSession,
  };
};
