import { MillraceError } from '../../../errors/millrace-error.js';
import { copyBytes } from '../../../internal/copy-bytes.js';
import { refusePromise } from '../../../internal/refuse-promise.js';
import type { InPlace } from '../../../pipeline/codec/in-place.js';
import type { StateCodec } from '../../../pipeline/state-codec.js';

/** Version of the codec in 16 bits, then what the codec made. */
const HEADER_BYTES = 2;

/** Whose value it is, for errors: `the state of stage "x"`. */
export interface Encoding {
  /** Has a version, which is stored with the bytes. */
  readonly codec: StateCodec<unknown>;
  /** For errors. */
  readonly owner: string;
  /** Of the codec, where it is asked for very many values. */
  readonly inPlace?: InPlace | undefined;
}

/** A value as its codec made it. */
export interface Encoded {
  /** Of the codec. */
  readonly version: number;
  /** Has it at the beginning, and is not kept: what is encoded next may be written there. */
  readonly bytes: Uint8Array;
  /** So many of the bytes. */
  readonly length: number;
}

/**
 * A value with the version of its codec.
 * @throws MillraceError STATE_NOT_STORABLE, and USER_FUNCTION_FAILED when a codec of the user's throws
 */
export const encodeVersioned = (encoding: Encoding, value: unknown): Uint8Array =>
  withVersion(encodeBody(encoding, value));

/** What `encodeVersioned` makes, of what `encodeBody` has made. */
export const withVersion = ({ version, bytes: body, length }: Encoded): Uint8Array => {
  const bytes = new Uint8Array(HEADER_BYTES + length);
  bytes[0] = version & 0xff;
  bytes[1] = version >>> 8;
  copyBytes(body, length, bytes, HEADER_BYTES);
  return bytes;
};

/** Without the version. @throws MillraceError as `encodeVersioned` */
export const encodeBody = ({ codec, owner, inPlace }: Encoding, value: unknown): Encoded => {
  const { version } = codec;
  try {
    const length = inPlace?.write(value) ?? 0;
    if (inPlace !== undefined && length > 0) return { version, bytes: inPlace.bytes, length };
    const bytes = inPlace?.encodeOther(value) ?? checkBytes(codec.encode(value));
    return { version, bytes, length: bytes.byteLength };
  } catch (error) {
    throw failure(error, `${owner} cannot be stored`);
  }
};

/** Of a codec of the user's there may come anything, and it would be stored as bytes. */
const checkBytes = (encoded: unknown): Uint8Array => {
  if (encoded instanceof Uint8Array) return encoded;
  refusePromise(encoded, 'encode');
  throw new MillraceError('USER_FUNCTION_FAILED', 'encode gave no Uint8Array');
};

/** @throws MillraceError JOB_CHANGED for a version that the codec cannot upgrade, USER_FUNCTION_FAILED when the codec throws */
export const decodeVersioned = ({ codec, owner }: Encoding, bytes: Uint8Array): unknown => {
  const version = versionOf(bytes);
  const body = bytes.subarray(HEADER_BYTES);
  checkVersions({ codec, owner }, [version]);
  try {
    return version === codec.version ? decodeBody(codec, body) : upgraded(codec, body, version);
  } catch (error) {
    throw failure(error, `${owner} cannot be read from the store`);
  }
};

const decodeBody = (codec: StateCodec<unknown>, body: Uint8Array): unknown => {
  const value = codec.decode(body);
  refusePromise(value, 'decode');
  return value;
};

const upgraded = (codec: StateCodec<unknown>, body: Uint8Array, version: number): unknown => {
  const value = codec.upgrade?.(body, version);
  refusePromise(value, 'upgrade');
  // it would be a key without a state, which begins anew
  if (value === undefined) throw new MillraceError('USER_FUNCTION_FAILED', 'upgrade gave no state');
  return value;
};

/** @throws MillraceError JOB_CHANGED when one of these versions cannot be read */
export const checkVersions = ({ codec, owner }: Encoding, versions: readonly number[]): void => {
  const foreign = foreignVersions(codec, versions);
  if (foreign.length === 0) return;
  throw new MillraceError(
    'JOB_CHANGED',
    `${owner} was stored by version ${foreign.join(', ')} of its codec, which is now at ${codec.version}`,
    {
      advice:
        'Give the codec an upgrade function (for a version below its own), go back to that version, or drop the state of the stage: dropState among the options of the job, --drop-state of millrace run.',
      details: { stored: foreign, version: codec.version },
    },
  );
};

/** Of the codec that made the bytes. */
export const versionOf = (bytes: Uint8Array): number => (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);

/** Those of the versions that the codec cannot read: newer ones, which no upgrade was written for, and older ones without an upgrade. */
export const foreignVersions = (
  { version, upgrade }: StateCodec<unknown>,
  versions: readonly number[],
): readonly number[] => versions.filter((one) => one > version || (one < version && upgrade === undefined));

const failure = (error: unknown, what: string): MillraceError => {
  if (!(error instanceof MillraceError))
    return MillraceError.from(error, 'USER_FUNCTION_FAILED', `${what}: its codec failed`);
  const { code, message, advice, details } = error;
  return new MillraceError(code, `${what}: ${message}`, {
    cause: error,
    details,
    ...(advice === undefined ? {} : { advice }),
  });
};
