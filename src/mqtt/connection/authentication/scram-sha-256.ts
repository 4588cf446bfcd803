import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { MillraceError } from '../../../errors/millrace-error.js';
import { checkOptions, type OptionChecks } from '../../../internal/options/check-options.js';
import { invalidOptions } from '../../../internal/options/invalid-options.js';
import { anything, text } from '../../../internal/options/option-checks.js';
import type { Authentication, AuthenticationExchange } from './authentication.js';
import { saslPrep } from './sasl-prep.js';

/** Who we are for SCRAM. */
export interface ScramCredentials {
  /** Prepared by SASLprep, as the password is: not empty, no control characters, one direction of writing. */
  readonly username: string;
  /** Never sent. The broker's salt and count of iterations are applied to it at each exchange. */
  readonly password: string;
}

/** Without channel binding: gs2-header `n,,`, and the same in base64. */
const HEADER = 'n,,';
const BINDING = 'c=biws';
const DIGEST = 'sha256';
const DIGEST_BYTES = 32;
const NONCE_BYTES = 18;
/** [RFC 7677, 4]. */
const FEWEST_ITERATIONS = 4096;
/** Each takes about a third of a microsecond: a server must not keep a thread of ours busy for minutes. */
const MOST_ITERATIONS = 10_000_000;
const SERVER_FIRST = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9][0-9]{0,9})(?:,|$)/;
const SERVER_FINAL = /^v=([A-Za-z0-9+/]+={0,2})(?:,|$)/;
const SERVER_ERROR = /^e=([a-z0-9-]{1,60})(?:,|$)/;

const derive = promisify(pbkdf2);

/**
 * SCRAM-SHA-256 [RFC 5802, RFC 7677] for `authentication`: the broker learns that we know the password, never the password, and
 * proves that it knows it too, before anything is sent or delivered. No channel binding: use TLS all the same.
 *
 * @param credentials values, or what gives them at each exchange
 * @throws MillraceError from its exchanges: BAD_CREDENTIALS when one end cannot prove what it says, PROTOCOL_ERROR when the broker
 * speaks no SCRAM, INVALID_OPTIONS for a name or password that cannot be used
 */
export function scramSha256(
  credentials: ScramCredentials | ((signal: AbortSignal) => ScramCredentials | Promise<ScramCredentials>),
  options: Pick<Authentication, 'reauthenticateEvery'> = {},
): Authentication {
  const { problems } = checkOptions('scramSha256', options, OPTIONS);
  if (problems.length > 0) throw invalidOptions('scramSha256', problems);
  if (typeof credentials !== 'function') checkCredentials(credentials);
  return {
    ...options,
    method: 'SCRAM-SHA-256',
    start: async ({ signal }) =>
      new ScramExchange(
        typeof credentials === 'function' ? checkCredentials(await credentials(signal)) : credentials,
        randomBytes(NONCE_BYTES).toString('base64'),
      ),
  };
}

const OPTIONS: OptionChecks<Pick<Authentication, 'reauthenticateEvery'>> = { reauthenticateEvery: anything };
const CREDENTIALS: OptionChecks<ScramCredentials> = { username: text, password: text };

/** Those of a provider are checked when it gives them, at each exchange. */
function checkCredentials(credentials: ScramCredentials): ScramCredentials {
  const { problems } = checkOptions('the credentials', credentials, CREDENTIALS);
  const missing = ['username', 'password'].filter((name) => Reflect.get(Object(credentials), name) === undefined);
  const all = [...problems, ...missing.map((name) => `${name} is missing`)];
  if (all.length > 0) throw invalidOptions('scramSha256', all);
  return credentials;
}

/** One exchange: two messages each way. */
export class ScramExchange implements AuthenticationExchange {
  readonly data: Uint8Array;
  readonly #password: string;
  readonly #nonce: string;
  /** client-first-message-bare */
  readonly #first: string;
  #signature: Buffer | undefined;

  /** `nonce`: printable ASCII without a comma, never used before. */
  constructor({ username, password }: ScramCredentials, nonce: string) {
    const name = saslPrep(username, 'username').replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#password = saslPrep(password, 'password');
    this.#nonce = nonce;
    this.#first = `n=${name},r=${nonce}`;
    this.data = Buffer.from(`${HEADER}${this.#first}`);
  }

  /** server-first-message to client-final-message. */
  async continue(data: Uint8Array): Promise<Uint8Array> {
    if (this.#signature !== undefined) throw notScram('asks twice');
    const question = textOf(data);
    const [nonce, salt, iterations] = this.#read(question);
    const salted = await derive(this.#password, salt, iterations, DIGEST_BYTES, DIGEST);
    const clientKey = hmac(salted, 'Client Key');
    const withoutProof = `${BINDING},r=${nonce}`;
    const authMessage = `${this.#first},${question},${withoutProof}`;
    const clientSignature = hmac(createHash(DIGEST).update(clientKey).digest(), authMessage);
    this.#signature = hmac(hmac(salted, 'Server Key'), authMessage);
    return Buffer.from(`${withoutProof},p=${xor(clientKey, clientSignature).toString('base64')}`);
  }

  /** server-final-message: the broker's proof. */
  finish(data: Uint8Array): void {
    const text = textOf(data);
    const error = SERVER_ERROR.exec(text)?.[1];
    if (error !== undefined) throw badCredentials(`the broker says "${error}"`);
    const proof = Buffer.from(SERVER_FINAL.exec(text)?.[1] ?? '', 'base64');
    if (this.#signature === undefined || proof.length !== DIGEST_BYTES || !timingSafeEqual(proof, this.#signature)) {
      throw badCredentials('the broker did not prove that it knows the password');
    }
  }

  #read(question: string): readonly [nonce: string, salt: Buffer, iterations: number] {
    const error = SERVER_ERROR.exec(question)?.[1];
    if (error !== undefined) throw badCredentials(`the broker says "${error}"`);
    const [, nonce = '', salt = '', count = ''] = SERVER_FIRST.exec(question) ?? [];
    const iterations = Number(count);
    if (count === '') throw notScram('asks in another form');
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce) throw notScram('does not add to our nonce');
    if (iterations < FEWEST_ITERATIONS || iterations > MOST_ITERATIONS) {
      throw notScram(`wants ${iterations} iterations, which is not ${FEWEST_ITERATIONS} to ${MOST_ITERATIONS}`);
    }
    return [nonce, Buffer.from(salt, 'base64'), iterations];
  }
}

const hmac = (key: Buffer, text: string): Buffer => createHmac(DIGEST, key).update(text).digest();

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));

/** Ill-formed UTF-8 matches none of the forms: U+FFFD is in none of them. */
const textOf = (data: Uint8Array): string => Buffer.from(data).toString('utf8');

const notScram = (how: string): MillraceError =>
  new MillraceError('PROTOCOL_ERROR', `the broker ${how} in SCRAM-SHA-256`, {
    retryable: false,
    advice: 'See whether the method of the broker is SCRAM-SHA-256 as in RFC 7677.',
  });

const badCredentials = (how: string): MillraceError =>
  new MillraceError('BAD_CREDENTIALS', `SCRAM-SHA-256: ${how}`, {
    advice: 'Check the user name and the password; if they are right, somebody else may answer in place of the broker.',
  });
