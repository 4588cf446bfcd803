import type { StoreView } from '../../store/store.js';
import { nameKey, namePrefix } from '../layout/keys/named-keys.js';
import { isPartKey } from '../layout/keys/part-key.js';
import type { Overlay } from '../layout/overlay.js';
import { endOf } from '../layout/stored-parts.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';
import { isBundleKey } from './state-bundles.js';

export interface KeyCountOptions {
  readonly stage: string;
  readonly overlay: Overlay;
  /** Below the overlay. */
  readonly store: Pick<StoreView, 'range'>;
}

/** How many keys of a stage have state: it changes in the commit of what changed them. */
export class KeyCount {
  readonly #key: string;
  #size: number;
  #stored: number;
  #saved: { readonly size: number; readonly stored: number };

  constructor({ stage, overlay, store }: KeyCountOptions) {
    this.#key = nameKey('keys', stage);
    const bytes = overlay.get(this.#key);
    // written by `sealInto`, and its bytes are checked by the store
    this.#size = bytes === undefined ? countIn(store, namePrefix('state', stage)) : (decodeStored(bytes) as number);
    this.#stored = bytes === undefined ? 0 : this.#size;
    this.#saved = { size: this.#size, stored: this.#stored };
  }

  get size(): number {
    return this.#size;
  }

  /** A key has state that had none, or the other way round. */
  change(had: boolean, has: boolean): void {
    this.#size += Number(has) - Number(had);
  }

  begin(): void {
    this.#saved = { size: this.#size, stored: this.#stored };
  }

  undo(): void {
    this.#size = this.#saved.size;
    this.#stored = this.#saved.stored;
  }

  sealInto(overlay: Overlay): void {
    if (this.#size === this.#stored) return;
    if (this.#size === 0) overlay.remove(this.#key);
    else overlay.put(this.#key, encodeStored(this.#size));
    this.#stored = this.#size;
  }
}

/** Once, of a stage whose keys came by an earlier version, or by a snapshot. Each key that has state stands there (K3). */
const countIn = (store: Pick<StoreView, 'range'>, prefix: string): number => {
  let count = 0;
  for (const { key } of store.range(prefix, endOf(prefix))) {
    const rest = key.slice(prefix.length);
    if (!isBundleKey(rest) && !isPartKey(rest)) count += 1;
  }
  return count;
};
