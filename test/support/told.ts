import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { DiagnosticName } from '../../src/metrics/diagnostics.js';

/** What diagnostics channels tell, from now until it is disposed of. */
export class Told implements Disposable {
  readonly events: { readonly name: DiagnosticName; readonly data: unknown }[] = [];
  readonly #ends: (() => void)[] = [];

  constructor(...names: readonly DiagnosticName[]) {
    for (const name of names) {
      const onMessage = (data: unknown): void => void this.events.push({ name, data });
      subscribe(`millrace:${name}`, onMessage);
      this.#ends.push(() => unsubscribe(`millrace:${name}`, onMessage));
    }
  }

  /** The names, in the order told. */
  get names(): readonly DiagnosticName[] {
    return this.events.map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }
}

/** Tells what becomes of sessions. */
export const toldOfSessions = (): Told =>
  new Told(
    'session-lost',
    'session-went-back',
    'session-not-kept',
    'session-unverified',
    'session-verified',
    'session-unknown',
    'session-expiry-shortened',
  );
