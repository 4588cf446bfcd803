import { MillraceError } from '../../../errors/millrace-error.js';
import { refusePromise } from '../../../internal/refuse-promise.js';
import type { StateCodec } from '../../../pipeline/state-codec.js';

/** Version of the codec in 16 bits, then what the codec made. */
const HEADER_BYTES = 2;

/** Whose value it is, for errors: `the state of stage "x"`. */
export interface Encoding {
  /** Has a version, which is stored with the bytes. */
  readonly codec: StateCodec<unknown>;
  /** For errors. */
  readonly owner: string;
}

/**
 * A value with the version of its codec.
 * @throws MillraceError STATE_NOT_STORABLE, and USER_FUNCTION_FAILED when a codec of the user's throws
 */
export const encodeVersioned = (encoding: Encoding, value: unknown): Uint8Array =>
  withVersion(encoding, encodeBody(encoding, value));

/** What `encodeVersioned` makes, of what `encodeBody` has made. */
export const withVersion = ({ codec }: Encoding, body: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(HEADER_BYTES + body.byteLength);
  bytes[0] = codec.version & 0xff;
  bytes[1] = codec.version >>> 8;
  bytes.set(body, HEADER_BYTES);
  return bytes;
};

/** Without the version. @throws MillraceError as `encodeVersioned` */
export const encodeBody = ({ codec, owner }: Encoding, value: unknown): Uint8Array => {
  try {
    return checkBytes(codec.encode(value));
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
  const version = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  const body = bytes.subarray(HEADER_BYTES);
  checkVersions({ codec, owner }, [version]);
  try {
    const value = version === codec.version ? codec.decode(body) : codec.upgrade?.(body, version);
    refusePromise(value, 'decode');
    return value;
  } catch (error) {
    throw failure(error, `${owner} cannot be read from the store`);
  }
};

/** @throws MillraceError JOB_CHANGED when one of these versions cannot be read */
export const checkVersions = ({ codec, owner }: Encoding, versions: readonly number[]): void => {
  const foreign = versions.filter((version) => version !== codec.version);
  if (foreign.length === 0 || codec.upgrade !== undefined) return;
  throw new MillraceError(
    'JOB_CHANGED',
    `${owner} was stored by version ${foreign.join(', ')} of its codec, which is now at ${codec.version}`,
    {
      advice:
        'Give the codec an upgrade function, go back to that version, or start a job of another name without the state.',
      details: { stored: foreign, version: codec.version },
    },
  );
};

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
