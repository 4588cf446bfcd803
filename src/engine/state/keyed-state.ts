import type { StageState, StatefulStage, StateKey } from '../../pipeline/stage-state.js';
import type { StoreView } from '../../store/store.js';
import { entryKey } from '../layout/keys/entry-key.js';
import { nameKey, namePrefix } from '../layout/keys/named-keys.js';
import type { Overlay } from '../layout/overlay.js';
import { decodeRecord, encodeRecord } from '../layout/values/entry-record.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';
import { checkVersions, decodeVersioned, type Encoding, encodeVersioned } from '../layout/values/versioned-record.js';
import { type CacheLimits, StateCache } from './state-cache.js';
import { type StateEntry, weightOf } from './state-entry.js';

/** Versions of its codec that a stage may have states of. */
const versionsIn = (view: Pick<StoreView, 'get'>, key: string): readonly number[] => {
  const bytes = view.get(key);
  const versions: unknown = bytes === undefined ? [] : decodeStored(bytes);
  return Array.isArray(versions) ? versions : [];
};

/** How large a state is taken for before any was encoded. */
const FIRST_GUESS_BYTES = 64;

export interface KeyedStateOptions {
  /** Its name is the key of its states, its codec makes them bytes. */
  readonly stage: StatefulStage;
  /** Read from what it has, written to by `sealInto`. */
  readonly overlay: Overlay;
  /** Of the decoded states that did not change. */
  readonly limits: CacheLimits;
}

/**
 * The state of one stage over the store of its job. It owns the decoded states; the overlay has their bytes from `sealInto` on.
 *
 * K1. There is one decoded instance of a state at a time, and one that was changed since the last seal stays in memory: a function may
 *     go on changing it in place. All others can be dropped at any time, since overlay and store have their bytes.
 * K2. `sealInto` encodes what was changed, all of it and nothing else, as it is between two ticks. Later changes are the next seal's.
 *
 * A user function that throws in the middle of a change leaves a state that nobody may see: the run ends then, and with it this object,
 * or `undo` forgets it, or what `restorer` gave puts it back.
 */
export class KeyedState implements StageState {
  readonly #view: Pick<Overlay, 'get' | 'maxKeyBytes'>;
  readonly #encoding: Encoding;
  readonly #prefix: string;
  readonly #versionsKey: string;
  readonly #cache: StateCache;
  #versions: readonly number[];
  /** The entry that was asked for last: functions get, change and set one key at a time. It need not be in the cache. */
  #last: StateEntry | undefined;
  #usualBytes = FIRST_GUESS_BYTES;

  /** @throws MillraceError JOB_CHANGED when the store has states that the codec cannot read, INVALID_OPTIONS for the stage's name */
  constructor({ stage, overlay, limits }: KeyedStateOptions) {
    this.#view = overlay;
    this.#encoding = { codec: stage.codec, owner: `the state of stage "${stage.name}"` };
    this.#prefix = namePrefix('state', stage.name);
    this.#versionsKey = nameKey('state', stage.name);
    this.#cache = new StateCache(limits);
    this.#versions = versionsIn(overlay, this.#versionsKey);
    checkVersions(this.#encoding, this.#versions);
  }

  /** An estimate of the memory that changes since the last seal take. */
  get changedBytes(): number {
    return this.#cache.changedBytes;
  }

  get changed(): boolean {
    return this.#cache.changed.length > 0;
  }

  get(key: StateKey): unknown {
    return this.#entry(key).value;
  }

  set(key: StateKey, value: unknown): void {
    const entry = this.#entry(key);
    entry.value = value;
    this.#cache.markChanged(entry);
  }

  remove(key: StateKey): void {
    this.set(key, undefined);
  }

  /** By its stored form, where it has not changed since the last seal; else by a copy, which is made now. */
  restorer(key: StateKey): () => void {
    const { changed, value } = this.#entry(key);
    if (!changed) return () => this.#drop(key);
    if (value === undefined) return () => this.remove(key);
    const copy = encodeVersioned(this.#encoding, value);
    return () => this.set(key, decodeVersioned(this.#encoding, copy));
  }

  /** Nothing has changed since the last seal: that is what `undo` goes back to. */
  begin(): void {}

  /** Forgets every instance, those that were changed in place and never set too: overlay and store have them as they were sealed. */
  undo(): void {
    this.#cache.clear();
    this.#last = undefined;
  }

  /** Puts every change since the last seal into the overlay. @throws MillraceError STATE_NOT_STORABLE, USER_FUNCTION_FAILED */
  sealInto(overlay: Overlay): void {
    const { changed } = this.#cache;
    if (changed.length === 0) return;
    for (const entry of changed) this.#store(entry, overlay);
    this.#cache.sealed(({ value }) => value === undefined);
    this.#storeVersion(overlay);
  }

  /** The instance may be half changed: overlay and store have the state as it was sealed. */
  #drop(key: StateKey): void {
    this.#cache.drop(key);
    this.#last = undefined;
  }

  #entry(key: StateKey): StateEntry {
    if (this.#last?.key === key) return this.#last;
    const entry = this.#cache.find(key) ?? this.#load(key);
    this.#last = entry;
    return entry;
  }

  /** What the store does not have is not kept: it would come in by the first change. */
  #load(key: StateKey): StateEntry {
    const at = entryKey(this.#prefix, key, this.#view.maxKeyBytes);
    const bytes = this.#view.get(at.storeKey);
    if (bytes === undefined)
      return { key, at, value: undefined, bytes: weightOf(at, this.#usualBytes), changed: false };
    const value = decodeRecord(this.#encoding, at, bytes);
    const entry = { key, at, value, bytes: weightOf(at, bytes.byteLength), changed: false };
    this.#cache.add(entry);
    return entry;
  }

  #store(entry: StateEntry, overlay: Overlay): void {
    const { at, value } = entry;
    if (value === undefined) {
      overlay.remove(at.storeKey);
      return;
    }
    const bytes = encodeRecord(this.#encoding, at, value);
    overlay.put(at.storeKey, bytes);
    this.#cache.reweigh(entry, weightOf(at, bytes.byteLength));
    this.#usualBytes = bytes.byteLength;
  }

  /** The version stands in the store before, or in the same commit as, the first state that has it. */
  #storeVersion(overlay: Overlay): void {
    const { version } = this.#encoding.codec;
    if (this.#versions.includes(version)) return;
    this.#versions = [...this.#versions, version];
    overlay.put(this.#versionsKey, encodeStored(this.#versions));
  }
}
