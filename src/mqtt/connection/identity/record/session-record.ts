import type { ProtocolVersion } from '../../../protocol/protocol-version.js';
import type { PolicyFacts } from '../../reconnect/policy-facts.js';
import type { KeptSession } from '../../subscriptions/subscription-keeper.js';
import type { HeldSubscription, WantedSubscription } from '../../subscriptions/wanted-subscription.js';
import { type SessionMarkers, spendMarkers } from './session-markers.js';

/**
 * What is durably known of the session at the broker. Every change is durable before what it speaks of happens (R5, R5a, R6a), but for
 * `connecting: false`, `markers` and the steps of `phase`, which are durable after it.
 */
export interface SessionRecord {
  /** Counts the sessions; state that was stored under a lower one belongs to a session that is lost (R5). */
  readonly epoch: number;
  /**
   * `creating`: there is no session yet, as far as is known, so that a later process begins it anew. `made`: a CONNACK has said that the
   * server began it, and it may have been asked for what is wanted; a later process goes on with it, and asks for all again. `established`:
   * it had all (R6a).
   */
  readonly phase: 'creating' | 'made' | 'established';
  /** A CONNECT may have been sent whose session is not known to be ours (R5a). */
  readonly connecting: boolean;
  /** The session was lost under the policy `fail`, and nobody has decided yet (R17). */
  readonly lost: boolean;
  /** It was lost by going back to an earlier time (R5c), and what became of that is not settled. */
  readonly wentBack: boolean;
  /** The newest epoch that was begun by the policy `drop`; 0 for none. */
  readonly droppedEpoch: number;
  /** Host and port of the server that has the session, and its protocol version (R5b). */
  readonly server: string | undefined;
  /** The one spoken when all was granted, or when the epoch was begun; undefined before either. */
  readonly version: ProtocolVersion | undefined;
  /**
   * By which the session is verified at the next resume; undefined where it has none: below 5.0, and where the broker does not tell them.
   */
  readonly markers: SessionMarkers | undefined;
  /** Digest of the settings with which all was granted (R24); undefined in a record of an older Millrace. */
  readonly settings?: string | undefined;
  /** Whether a CONNECT has shown if the broker keeps the session (R5e); undefined in a record of an older Millrace, which did not ask. */
  readonly tried?: boolean | undefined;
  /** What the session had when all was granted last; of one that is `made`, what it may have been asked for. */
  readonly subscriptions: readonly HeldSubscription[];
}

/** The epoch with which a session is born: 0 before the first. */
export const epochOf = (record: SessionRecord | undefined): number => record?.epoch ?? 0;

/** State that was stored under `epoch` belongs to a session that is lost: its inbound ids are void (R5), its outbound rows are in doubt. */
export const isLostEpoch = (record: SessionRecord | undefined, epoch: number): boolean => epoch < epochOf(record);

/** The session of `epoch` was lost, and that or a later loss was settled by `drop`: rows in doubt are given up (R17). */
export const wasDropped = (record: SessionRecord | undefined, epoch: number): boolean =>
  record !== undefined && epoch < record.droppedEpoch;

/**
 * What the record says. A session that has markers is verified by them at each start, which finds out a store that was restored from a
 * backup too; one that has none is believed in unless a CONNECT may have made another.
 */
export const keptSession = ({ phase, connecting, markers, subscriptions }: SessionRecord): KeptSession => ({
  subscriptions,
  unverified: phase !== 'established' || connecting || markers !== undefined,
});

/** What it says to the reconnect policy. With nothing to lose, in a lost session or before the first, the version is free. */
export const policyFacts = (record: SessionRecord | undefined, settings: string): PolicyFacts => {
  if (record === undefined || record.phase === 'creating' || record.lost) return {};
  return { epochVersion: record.version, grantedBefore: record.settings === settings };
};

/** Before the first CONNECT of a session that is to be made (R6a). */
export const beginCreating = (record: SessionRecord | undefined): SessionRecord => ({
  epoch: epochOf(record) + 1,
  phase: 'creating',
  connecting: true,
  lost: false,
  wentBack: false,
  droppedEpoch: record?.droppedEpoch ?? 0,
  server: undefined,
  version: undefined,
  markers: undefined,
  tried: false,
  subscriptions: [],
});

/** What is known of a session that the server has begun, and what it is to be asked for. */
export interface MadeFacts extends Pick<SessionRecord, 'epoch' | 'server' | 'version'> {
  readonly wanted: readonly WantedSubscription[];
}

/** Before anything is asked of a session that the server has just begun (R6a). */
export const markMade = (record: SessionRecord, { wanted, ...facts }: MadeFacts): SessionRecord => ({
  ...record,
  ...facts,
  phase: 'made',
  subscriptions: wanted.map((subscription) => ({ subscription, granted: subscription.qos })),
});

/** Before any other CONNECT (R5a). */
export const beginConnecting = (record: SessionRecord): SessionRecord => ({ ...record, connecting: true });

/** The session that takes the place of a lost one, and how that loss was settled (R17). */
export interface NextEpoch {
  /** As `session-lost` names it. */
  readonly epoch: number;
  /** By `drop`, what was in doubt is given up, also by a later process that finds its state stored under an older epoch. */
  readonly policy: 'redeliver' | 'drop';
  /** `serverKey` of where it is. */
  readonly server: string;
  readonly version: ProtocolVersion;
}

/** Before a lost session is gone over (R5): what the new one has is not known yet, and its loss would be one more. */
export const beginEpoch = (record: SessionRecord, { policy, ...next }: NextEpoch): SessionRecord => ({
  ...record,
  ...next,
  phase: 'established',
  lost: false,
  wentBack: false,
  droppedEpoch: policy === 'drop' ? next.epoch : record.droppedEpoch,
  markers: undefined,
  tried: true,
  subscriptions: [],
});

/** The session was lost under the policy `fail`: its state stays that of the lost epoch until somebody decides. */
export const markLost = (record: SessionRecord): SessionRecord => ({ ...record, lost: true });

/** Before anything is done about a session that went back (R5c): from now on it is one, also when nothing shows it any more. */
export const markWentBack = (record: SessionRecord): SessionRecord => ({ ...record, wentBack: true });

/** The broker turned out not to keep the session that was just made (R5e): a later start begins it anew. */
export const unmake = (record: SessionRecord): SessionRecord => ({ ...record, phase: 'creating' });

/** Before an unknown session is taken over (R6): from now on it is ours, whatever happens. */
export const adopt = (
  record: SessionRecord,
  found: Pick<SessionRecord, 'epoch' | 'server' | 'version'>,
): SessionRecord => ({
  ...record,
  ...found,
  phase: 'established',
});

/** Before the session is asked about (R5a, R5c). */
export const beginAsking = (record: SessionRecord): SessionRecord => {
  const { markers } = record;
  return markers === undefined ? record : { ...record, markers: spendMarkers(markers) };
};

/** What is known once all is granted. */
export type GrantedFacts = Pick<
  SessionRecord,
  'server' | 'version' | 'markers' | 'settings' | 'tried' | 'subscriptions'
>;

/** The session is ours and has all that is wanted. */
export const markGranted = (record: SessionRecord, facts: GrantedFacts): SessionRecord => ({
  ...record,
  ...facts,
  phase: 'established',
  connecting: false,
});
