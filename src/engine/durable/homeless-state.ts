import type { StateCodec } from '../../pipeline/state-codec.js';
import type { StateForm } from '../../pipeline/state-form.js';
import type { KeptWindows } from '../../pipeline/windows/kept-windows.js';
import type { StoreView } from '../../store/store.js';
import { nameKey, namePrefix } from '../layout/keys/named-keys.js';
import {
  endOf,
  keysOfStage,
  type Part,
  type StageKind,
  type StoredKeys,
  storedOfKind,
} from '../layout/stored-parts.js';
import { decodeCallChunk } from '../layout/values/call-chunk.js';
import { decodeStage } from '../layout/values/stage-record.js';
import { decodeStored } from '../layout/values/stored-value.js';
import { checkVersions, foreignVersions, versionOf } from '../layout/values/versioned-record.js';

/** What is stored for a part and has no place in the pipeline. */
export interface Holding {
  readonly part: Part;
  /** In words. */
  readonly stored: string;
  /** Undefined: as it is stored. */
  readonly called: string | undefined;
  readonly keys: StoredKeys;
}

/** A stage of the pipeline that keeps something. */
export interface KeepingStage {
  readonly kind: StageKind;
  readonly name: string;
  /** Of its states, or of the items of its calls. */
  readonly codec: StateCodec<unknown>;
  /** Where its states are those of windows. */
  readonly windows?: KeptWindows;
  /** Where they are not. */
  readonly form?: StateForm;
  /** Where these tell early results. */
  readonly early?: true;
}

/**
 * What stages that are still there have stored, as a stage of their name that kept another kind of thing: state that a stage without state
 * would never read, calls that one without calls would never make. Both would come back with a later pipeline, and be old then.
 */
export const homelessIn = (view: StoreView, stages: readonly KeepingStage[]): readonly Holding[] =>
  stages.flatMap(({ kind, name }) => {
    const other = kind === 'state' ? 'async' : 'state';
    const found = storedOfKind(view, other, name);
    if (found === undefined) return [];
    const stored = `${found}, of which a stage of that name has none now`;
    return [{ part: { kind: 'stage', name }, stored, called: undefined, keys: keysOfStage(other, name) }];
  });

/**
 * What is to go since the codecs of its stages cannot read it.
 * @param dropState the stages of which it may
 * @throws MillraceError JOB_CHANGED for those of others
 */
export const unreadableIn = (
  view: StoreView,
  stages: readonly KeepingStage[],
  dropState: readonly string[],
): readonly Holding[] =>
  stages.flatMap(({ kind, name, codec }) => {
    const versions = kind === 'state' ? stateVersions(view, name) : callVersions(view, name);
    if (foreignVersions(codec, versions).length === 0) return [];
    const what = kind === 'state' ? 'state' : 'calls that are pending';
    if (!dropState.includes(name)) checkVersions({ codec, owner: `${OWNERS[kind]} of stage "${name}"` }, versions);
    const stored = `${what}, of version ${versions.join(', ')} of its codec`;
    return [{ part: { kind: 'stage', name }, stored, called: undefined, keys: keysOfStage(kind, name) }];
  });

const OWNERS = { state: 'the state', async: 'an item' } as const;

const stateVersions = (view: StoreView, name: string): readonly number[] =>
  decodeStage(view.get(nameKey('state', name))).versions;

/** Of the items that are still to be called for: all of them are read at a start. */
const callVersions = (view: StoreView, name: string): readonly number[] => {
  const bytes = view.get(nameKey('async', name));
  const head = bytes === undefined ? 0 : Number(decodeStored(bytes));
  const prefix = namePrefix('async', name);
  const versions = new Set<number>();
  for (const { value } of view.range(prefix, endOf(prefix))) {
    const { first, parts } = decodeCallChunk(value);
    for (const [index, item] of parts.flatMap(({ items }) => items).entries())
      if (first + index >= head) versions.add(versionOf(item));
  }
  return [...versions];
};
