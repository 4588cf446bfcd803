import { inPlaceOf } from '../../pipeline/codec/in-place.js';
import type { StageState, StatefulStage, StateKey } from '../../pipeline/stage-state.js';
import { isSameForm, type StateForm } from '../../pipeline/state-form.js';
import { isSameWindows, type KeptWindows } from '../../pipeline/windows/kept-windows.js';
import type { StoreView } from '../../store/store.js';
import { type EntryKey, entryKey } from '../layout/keys/entry-key.js';
import { nameKey, namePrefix } from '../layout/keys/named-keys.js';
import type { Overlay } from '../layout/overlay.js';
import { hasKeys } from '../layout/stored-parts.js';
import { decodeRecord, makeRecord } from '../layout/values/entry-record.js';
import { decodeStage, encodeStage, type StageRecord } from '../layout/values/stage-record.js';
import {
  checkVersions,
  decodeVersioned,
  type Encoding,
  encodeBody,
  encodeVersioned,
} from '../layout/values/versioned-record.js';
import { KeyCount } from './key-count.js';
import { KeyFilter } from './key-filter.js';
import { PartRecords } from './part-records.js';
import { type BundleLimits, StateBundles } from './state-bundles.js';
import { type CacheLimits, StateCache } from './state-cache.js';
import { NEVER_CACHED, NEVER_SEALED, type StateEntry, weightOf } from './state-entry.js';

/** A key is busy when it was sealed among so many last seals, first under its own key. */
const BUSY_SEALS = 4;
/** How large a state is taken for before any was encoded. */
const FIRST_GUESS_BYTES = 64;

const OWNED = { state: 'state', timer: 'timers', early: 'timers of early results' } as const;

export interface KeyedStateOptions {
  /** What is kept by key: the state, or timers. */
  readonly kind: keyof typeof OWNED;
  /** Its name is the key of its states, its codec makes them bytes. */
  readonly stage: StatefulStage;
  /** Read from what it has, written to by `sealInto`. */
  readonly overlay: Overlay;
  /** Below the overlay. */
  readonly store: Pick<StoreView, 'range'>;
  /** Of the decoded states that did not change. */
  readonly limits: CacheLimits;
  /** Of the states of busy keys. */
  readonly bundles: BundleLimits;
}

/**
 * The state of one stage over the store of its job. It owns the decoded states; overlay and bundles have their bytes from `sealInto` on.
 *
 * K1. There is one decoded instance of a state at a time, and one that was changed since the last seal stays in memory: a function may
 *     go on changing it in place. All others can be dropped at any time, since bundles, overlay and store have their bytes.
 * K2. `sealInto` encodes what was changed, all of it and nothing else, as it is between two ticks. Later changes are the next seal's.
 * K3. A stage of which nothing was stored when it was opened is not looked up for keys that it has never put: that none is there costs the store
 *     more than to find one, since it looks whether its file is damaged in that place.
 * K4. That a key has lost its state is remembered as a state is, and droppable as one: what comes and goes, as windows do, is not looked up
 *     each time that it comes.
 * K5. A state may have parts, each a record that is put once (`PartRecords`): what is encoded at a seal is without what they have.
 *
 * A user function that throws in the middle of a change leaves a state that nobody may see: the run ends then, and with it this object,
 * or `undo` forgets it, or what `restorer` gave puts it back.
 */
export class KeyedState implements StageState {
  readonly #view: Pick<Overlay, 'get' | 'maxKeyBytes'>;
  /** Of all of a state, for copies. */
  readonly #encoding: Encoding;
  /** Of its record, which is without what its parts have. */
  readonly #stored: Encoding;
  readonly #parts: PartRecords | undefined;
  readonly #prefix: string;
  readonly #recordKey: string;
  readonly #cache: StateCache;
  readonly #bundles: StateBundles;
  /** The keys that were ever put, where the store had none when it was opened (K3): before one is in a bundle it is put by itself. */
  readonly #ever: KeyFilter | undefined;
  /** Of the states; timers have a count of their own. */
  readonly #count: KeyCount | undefined;
  readonly #windows: KeptWindows | undefined;
  readonly #form: StateForm | undefined;
  #record: StageRecord;
  /** The entry that was asked for last: functions get, change and set one key at a time. It need not be in the cache. */
  #last: StateEntry | undefined;
  /** The very text with which it was: comparing it costs nothing when it is given again. */
  #lastKey: StateKey | undefined;
  #usualBytes = FIRST_GUESS_BYTES;

  /** @throws MillraceError JOB_CHANGED when the store has states that the codec cannot read, INVALID_OPTIONS for the stage's name, STORE_CORRUPT */
  constructor({ kind, stage, overlay, store, limits, bundles }: KeyedStateOptions) {
    this.#view = overlay;
    this.#windows = stage.windows;
    this.#form = stage.form;
    const owner = `the ${OWNED[kind]} of stage "${stage.name}"`;
    const { codec, parts } = stage;
    this.#encoding = { codec, owner, inPlace: inPlaceOf(codec) };
    const rest = parts && { ...codec, encode: parts.encodeRest };
    this.#stored = rest === undefined ? this.#encoding : { codec: rest, owner, inPlace: inPlaceOf(rest) };
    this.#prefix = namePrefix(kind, stage.name);
    this.#parts = parts === undefined ? undefined : new PartRecords({ parts, prefix: this.#prefix, owner, overlay });
    this.#recordKey = nameKey(kind, stage.name);
    this.#cache = new StateCache(limits);
    this.#record = decodeStage(overlay.get(this.#recordKey));
    checkVersions(this.#encoding, this.#record.versions);
    this.#bundles = new StateBundles({
      prefix: this.#prefix,
      owner,
      store,
      limits: bundles,
      busySeals: BUSY_SEALS,
      putApart: ({ storeKey }, record, into) => into.put(storeKey, record),
    });
    this.#ever = hasKeys(store, this.#prefix) ? undefined : new KeyFilter();
    this.#count = kind === 'state' ? new KeyCount({ stage: stage.name, overlay, store }) : undefined;
  }

  /** An estimate of the memory that changes since the last seal take. */
  get changedBytes(): number {
    return this.#cache.changedBytes;
  }

  get changed(): boolean {
    return this.#cache.changed.length > 0;
  }

  get size(): number {
    return this.#count?.size ?? 0;
  }

  get(key: StateKey): unknown {
    return this.#entry(key).value;
  }

  set(key: StateKey, value: unknown): void {
    const entry = this.#entry(key);
    this.#count?.change(entry.value !== undefined, value !== undefined);
    entry.value = value;
    this.#cache.markChanged(entry);
  }

  remove(key: StateKey): void {
    this.set(key, undefined);
  }

  /** By its stored form, where it has not changed since the last seal; else by a copy, which is made now. */
  restorer(key: StateKey): () => void {
    const { changed, value } = this.#entry(key);
    const had = value !== undefined;
    if (!changed) return () => this.#drop(key, had);
    if (!had) return () => this.remove(key);
    const copy = encodeVersioned(this.#encoding, value);
    return () => this.set(key, decodeVersioned(this.#encoding, copy));
  }

  /** Nothing has changed since the last seal: that is what `undo` goes back to. */
  begin(): void {
    this.#bundles.begin();
    this.#count?.begin();
  }

  /** Forgets every instance, those that were changed in place and never set too: they are read as they were sealed before `begin`. */
  undo(): void {
    this.#bundles.undo();
    this.#count?.undo();
    this.#record = decodeStage(this.#view.get(this.#recordKey));
    this.#cache.clear();
    this.#last = undefined;
  }

  /** Puts every change since the last seal into the overlay. @throws MillraceError STATE_NOT_STORABLE, USER_FUNCTION_FAILED */
  sealInto(overlay: Overlay): void {
    const { changed } = this.#cache;
    if (changed.length === 0) return;
    this.#bundles.open(changed);
    for (const entry of changed) this.#store(entry, overlay);
    this.#bundles.close(overlay);
    this.#cache.sealed();
    this.#storeRecord(overlay);
    this.#count?.sealInto(overlay);
  }

  /** The instance may be half changed: overlay and store have the state as it was sealed. */
  #drop(key: StateKey, had: boolean): void {
    this.#count?.change(this.#entry(key).value !== undefined, had);
    this.#cache.drop(key);
    this.#last = undefined;
  }

  #entry(key: StateKey): StateEntry {
    if (this.#lastKey === key && this.#last !== undefined) return this.#last;
    const entry = this.#cache.find(key) ?? this.#load(key);
    this.#last = entry;
    this.#lastKey = key;
    return entry;
  }

  /** What the store does not have is not kept: it would come in by the first change. */
  #load(key: StateKey): StateEntry {
    const at = this.#keyOf(key);
    const bundled = this.#bundles.find(key);
    const record = bundled?.record ?? this.#storedRecord(at.storeKey);
    const value = record === undefined ? undefined : decodeRecord(this.#encoding, at, record);
    const parts = value === undefined ? undefined : this.#parts?.join(key, value);
    const size = parts === undefined ? record?.byteLength : this.#parts?.sizeOf(value);
    const bytes = weightOf(at, size ?? this.#usualBytes);
    const place = bundled?.place;
    const entry = {
      key,
      at,
      value,
      bytes,
      changed: false,
      generation: NEVER_CACHED,
      sealedIn: NEVER_SEALED,
      place,
      parts,
    };
    if (record !== undefined) this.#cache.add(entry);
    return entry;
  }

  #storedRecord(storeKey: string): Uint8Array | undefined {
    return this.#ever?.mayHave(storeKey, this.#prefix.length) === false ? undefined : this.#view.get(storeKey);
  }

  #store(entry: StateEntry, overlay: Overlay): void {
    const { value } = entry;
    const at = entry.at ?? this.#keyOf(entry.key);
    if (value === undefined) {
      overlay.remove(at.storeKey);
      this.#setApart(entry);
      this.#parts?.store(entry, undefined, overlay);
      this.#cache.reweigh(entry, weightOf(at, 0));
      // it may be in a bundle next (K3)
      this.#ever?.add(at.storeKey, this.#prefix.length);
      return;
    }
    const encoded = encodeBody(this.#stored, value);
    this.#parts?.store(entry, value, overlay);
    // what is bundled has the text anyway, in its place
    if (this.#bundles.take(entry, at, encoded, overlay)) entry.at = at;
    else {
      overlay.put(at.storeKey, makeRecord(at, encoded));
      this.#ever?.add(at.storeKey, this.#prefix.length);
      this.#setApart(entry);
    }
    const size = entry.parts === undefined ? encoded.length : this.#parts?.sizeOf(value);
    this.#cache.reweigh(entry, weightOf(at, size ?? encoded.length));
    this.#usualBytes = encoded.length;
  }

  #setApart(entry: StateEntry): void {
    this.#bundles.setApart(entry);
    entry.at = undefined;
  }

  #keyOf(key: StateKey): EntryKey {
    return entryKey(this.#prefix, key, this.#view.maxKeyBytes);
  }

  /** It stands in the store before, or in the same commit as, the first state that needs it. */
  #storeRecord(overlay: Overlay): void {
    const { version } = this.#encoding.codec;
    const { versions, bundled, parted, windows, form } = this.#record;
    const hasParts = this.#parts?.some === true;
    const isSame = isSameWindows(windows, this.#windows) && isSameForm(form, this.#form);
    if (isSame && versions.includes(version) && (bundled || !this.#bundles.some) && (parted || !hasParts)) return;
    this.#record = {
      versions: versions.includes(version) ? versions : [...versions, version],
      bundled: bundled || this.#bundles.some,
      parted: parted || hasParts,
      windows: this.#windows,
      form: this.#form,
    };
    overlay.put(this.#recordKey, encodeStage(this.#record));
  }
}
