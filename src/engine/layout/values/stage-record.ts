import { MillraceError } from '../../../errors/millrace-error.js';
import type { StateForm } from '../../../pipeline/state-form.js';
import type { KeptWindows } from '../../../pipeline/windows/kept-windows.js';
import { decodeStored, encodeStored } from './stored-value.js';

/** What stands in the store about the states of a stage. */
export interface StageRecord {
  /** Versions of its codec that states may have. */
  readonly versions: readonly number[];
  /** Whether there may be bundles, which have states that stand nowhere else. */
  readonly bundled: boolean;
  /** Whether there may be states that have parts. */
  readonly parted?: boolean | undefined;
  /** Set where states are those of windows. */
  readonly windows?: KeptWindows | undefined;
  /** Set where they are not. Not written by versions that did not note it. */
  readonly form?: StateForm | undefined;
}

/** In place of the version of `encodeStored`: one that knows no bundles must not take what stands under the keys for the states. */
const BUNDLED = 2;
/** In front of all: one that knows no parts must not take what stands under the keys for whole states. */
const PARTED = 4;
/** A record may begin with it, or with less (`encodeStored`). What begins with more is of a version to come, which damage is not: the store has checksums. */
const NEWEST = PARTED;

export const encodeStage = ({ versions, bundled, parted, windows, form }: StageRecord): Uint8Array => {
  const bytes = encodeStored(
    windows === undefined && form === undefined
      ? versions
      : { versions, ...(windows && { windows }), ...(form && { form }) },
  );
  return Uint8Array.of(...(parted === true ? [PARTED] : []), ...(bundled ? [BUNDLED] : []), ...bytes);
};

/** Of a stage that has nothing there, too. @throws MillraceError STORE_VERSION for what a newer version has written, STORE_CORRUPT */
export const decodeStage = (bytes: Uint8Array | undefined): StageRecord => {
  const parted = bytes?.[0] === PARTED;
  const behind = parted ? bytes?.subarray(1) : bytes;
  const bundled = behind?.[0] === BUNDLED;
  const value = bundled ? behind.subarray(1) : behind;
  if ((value?.[0] ?? 0) > NEWEST) throw newerStage();
  const stored: unknown = value === undefined ? [] : decodeStored(value);
  if (Array.isArray(stored)) return { versions: stored, bundled, parted };
  // written by `encodeStage`, and its bytes are checked by the store
  return { ...(stored as Pick<StageRecord, 'versions' | 'windows' | 'form'>), bundled, parted };
};

const newerStage = (): MillraceError =>
  new MillraceError('STORE_VERSION', 'the states of a stage are stored in a form that this version does not know', {
    advice: 'Run the version of Millrace that wrote it, or one that is newer.',
  });
