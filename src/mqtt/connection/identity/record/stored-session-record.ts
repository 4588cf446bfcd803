import type { SessionMarkers } from './session-markers.js';
import type { SessionRecord } from './session-record.js';

/** As in a store: versions before 0.2 knew nothing of sessions that go back. */
export type StoredMarkers = Omit<SessionMarkers, 'gone'> & { readonly gone: SessionMarkers['gone'] | undefined };

/**
 * A `SessionRecord` as it may be in a store. Versions before 0.2 begin every session anew that is not `established`, and on a cluster one of
 * them may be the next owner. So `made` stands beside the phase that they know: one that is made is `creating` to them, and what they wrote is
 * not made.
 */
export type StoredSessionRecord = Omit<SessionRecord, 'phase' | 'wentBack' | 'markers'> & {
  readonly phase: Exclude<SessionRecord['phase'], 'made'>;
  readonly made: boolean | undefined;
  readonly wentBack: boolean | undefined;
  readonly markers: StoredMarkers | undefined;
};

/** What is put into a store. */
export const storedSessionRecord = ({ phase, ...record }: SessionRecord): StoredSessionRecord =>
  phase === 'made' ? { ...record, phase: 'creating', made: true } : { ...record, phase, made: undefined };
