import type { KeptWindows } from '../../../pipeline/windows/kept-windows.js';
import { decodeStored, encodeStored } from './stored-value.js';

/** What stands in the store about the states of a stage. */
export interface StageRecord {
  /** Versions of its codec that states may have. */
  readonly versions: readonly number[];
  /** Whether there may be bundles, which have states that stand nowhere else. */
  readonly bundled: boolean;
  /** Set where states are those of windows. */
  readonly windows?: KeptWindows | undefined;
}

/** In place of the version of `encodeStored`: one that knows no bundles must not take what stands under the keys for the states. */
const BUNDLED = 2;

export const encodeStage = ({ versions, bundled, windows }: StageRecord): Uint8Array => {
  const bytes = encodeStored(windows === undefined ? versions : { versions, windows });
  return bundled ? Uint8Array.of(BUNDLED, ...bytes) : bytes;
};

/** Of a stage that has nothing there, too. @throws MillraceError STORE_CORRUPT */
export const decodeStage = (bytes: Uint8Array | undefined): StageRecord => {
  const bundled = bytes?.[0] === BUNDLED;
  const stored: unknown = bytes === undefined ? [] : decodeStored(bundled ? bytes.subarray(1) : bytes);
  if (Array.isArray(stored)) return { versions: stored, bundled };
  // written by `encodeStage`, and its bytes are checked by the store
  const { versions, windows } = stored as Required<StageRecord>;
  return { versions, bundled, windows };
};
