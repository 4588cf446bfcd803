import { createHash, timingSafeEqual } from 'node:crypto';
import type { TokenState } from './policy/judge-request.js';
import { bearerOf } from './policy/token-form.js';
import { WrongTokens } from './policy/wrong-tokens.js';

/** Compares tokens, in a time that does not tell where they differ, and slows who gives wrong ones. Keeps the digest alone. */
export class TokenCheck {
  readonly #digest: Buffer | undefined;
  readonly #wrongs = new WrongTokens();

  /** @param token undefined: none is asked for, and none counts */
  constructor(token: string | undefined) {
    this.#digest = token === undefined ? undefined : digestOf(token);
  }

  /** @param authorization the header; undefined: there is none */
  stateOf(authorization: string | undefined, address: string, nowMs: number): TokenState {
    if (authorization === undefined || this.#digest === undefined) return { is: 'absent' };
    const ms = this.#wrongs.pauseMs(address, nowMs);
    if (ms > 0) return { is: 'paused', ms };
    const isRight = timingSafeEqual(digestOf(bearerOf(authorization) ?? ''), this.#digest);
    if (isRight) this.#wrongs.right(address);
    else this.#wrongs.wrong(address, nowMs);
    return { is: isRight ? 'right' : 'wrong' };
  }
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
