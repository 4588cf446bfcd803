import { isErrorCode } from '../../errors/index.js';
import type { Beat, Change, Claim, Owner } from '../claims/change.js';
import type { ClusterManifest } from '../manifest/cluster-manifest.js';
import { type Desired, type DesiredState, FIRST_DESIRED } from '../manifest/desired-state.js';
import type { BucketEntry } from './bucket.js';

/** What a beat carries besides the name of its node, which is in the key. */
type BeatValue = Omit<Beat, 'node'>;

/** The keys of a bucket, and its values as JSON. */
export const MANIFEST_KEY = 'job';
export const DESIRED_KEY = 'desired';

export const nodeKey = (node: string): string => `node.${node}`;

/** How far the log of a partition has come. */
export const logKey = (partition: number): string => `log.${partition}`;

export const claimKey = (partition: number): string => `part.${partition}`;

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Of a run of 0: it is the revision of this very entry. */
export const encodeBeat = ({ run, count, leaseMs, accepts, ...lists }: BeatValue): Uint8Array => {
  const { running, restarting, ended, unfit, warm, behind } = lists;
  return bytesOf({ run, count, leaseMs, accepts, running, restarting, ended, unfit, warm, behind });
};

/** Of a claim that was given back, `early` as it has it. */
export const encodeClaim = (owner: Owner | undefined, early = false): Uint8Array =>
  bytesOf(owner ?? (early ? { early } : {}));

export const encodeManifest = (manifest: ClusterManifest): Uint8Array => bytesOf(manifest);

/** What an entry tells of the members; undefined: nothing. `unreadable`: nobody of ours wrote it. */
export function changeOf(entry: BucketEntry, epochBase: number): Change | undefined {
  const { key, value, revision } = entry;
  const [, kind, name = ''] = /^(node|part|log)\.(.+)$/.exec(key) ?? [];
  if (kind === undefined) return key === MANIFEST_KEY || key === DESIRED_KEY ? undefined : { type: 'unreadable', key };
  if (kind === 'log') return undefined;
  if (kind === 'part') return claimChange(entry, name, epochBase);
  if (value === undefined) return { type: 'left', node: name };
  const beat = readBeat(value, name, revision);
  return beat === undefined ? { type: 'unreadable', key } : { type: 'beat', beat };
}

/** Whatever stands there in the place of a claim is nobody's: its partition can be claimed. */
function claimChange({ key, value, revision }: BucketEntry, name: string, epochBase: number): Change {
  if (!/^(0|[1-9]\d{0,8})$/.test(name)) return { type: 'unreadable', key };
  const found = value === undefined ? {} : parse(value);
  const claim = claimOf(Number(name), readOwner(found), revision, epochBase);
  return { type: 'claim', claim: found.early === true ? { ...claim, early: true } : claim };
}

/** Claims that were made anew begin with low revisions, and the logs do not: hence the base. */
export const claimOf = (partition: number, owner: Owner | undefined, revision: number, epochBase: number): Claim => ({
  partition,
  owner,
  revision,
  epoch: epochBase + revision,
});

export const encodeReached = (seq: number): Uint8Array => bytesOf({ seq });

/** What cannot be read was written by nobody of ours, and says nothing. */
export function readReached(value: Uint8Array | undefined): number {
  const { seq } = value === undefined ? {} : parse(value);
  return isCount(seq) ? seq : 0;
}

export const encodeDesired = (desired: Desired): Uint8Array => bytesOf(desired);

/** What cannot be read was written by nobody of ours, and asks for nothing. */
export function readDesired(value: Uint8Array): Desired {
  const { state, generation, stop, end } = parse(value);
  if (!isCount(generation)) return FIRST_DESIRED;
  const { generation: stoppedAt, delivered } = Object(stop);
  const { generation: endedAt, state: endedBy } = Object(end);
  return {
    state: readState(state),
    generation,
    stop: isCount(stoppedAt) ? { generation: stoppedAt, delivered: delivered === true } : undefined,
    end: isCount(endedAt) ? { generation: endedAt, state: readState(endedBy) } : undefined,
  };
}

function readState(value: unknown): DesiredState {
  const { status, error } = Object(value);
  if (status === 'suspended' || status === 'completed' || status === 'cancelled') return { status };
  if (status !== 'failed') return { status: 'running' };
  const { code, message, advice } = Object(error);
  const told = { code: isErrorCode(code) ? code : 'INTERNAL', message: String(message) } as const;
  return { status, error: typeof advice === 'string' ? { ...told, advice } : told };
}

export function readManifest(value: Uint8Array): ClusterManifest | undefined {
  const found = parse(value);
  const { format, partitions, hash, plan, epochBase } = found;
  const isRead = isCount(format) && isCount(partitions) && typeof hash === 'string' && isCount(epochBase);
  if (!isRead || !Array.isArray(plan) || !plan.every((line) => typeof line === 'string')) return undefined;
  return { format, partitions, hash, plan, epochBase };
}

function readBeat(value: Uint8Array, node: string, revision: number): Beat | undefined {
  const { run, count, leaseMs, accepts, running, restarting, ended, unfit, warm, behind } = parse(value);
  const isRead = isCount(run) && isCount(count) && isCount(leaseMs) && typeof accepts === 'boolean';
  if (!isRead || !isList(running) || !isList(warm) || !isList(behind)) return undefined;
  if (!isList(restarting) || !isList(ended) || !isList(unfit)) return undefined;
  const lists = { running, restarting, ended, unfit, warm, behind };
  return { node, run: run === 0 ? revision : run, count, leaseMs, accepts, ...lists };
}

function readOwner({ node, run }: Readonly<Record<string, unknown>>): Owner | undefined {
  return typeof node === 'string' && isCount(run) ? { node, run } : undefined;
}

const isList = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every(isCount);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function parse(value: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(new TextDecoder().decode(value)));
  } catch {
    return {};
  }
}
