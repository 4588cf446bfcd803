import type { ErrorCode } from '../../errors/error-code.js';
import { MillraceError } from '../../errors/millrace-error.js';

/** A port of the engine as somebody has implemented it. */
export interface Door {
  /** The contract, which is the name of the interface. */
  readonly contract: 'SourceReader' | 'SinkWriter' | 'DurableSinkWriter' | 'OutboxSender' | 'Store';
  /** For messages: whose it is, e.g. `source "meters"`. */
  readonly owner: string;
  /** The code of what it throws that is no MillraceError. Default USER_FUNCTION_FAILED. */
  readonly thrown?: ErrorCode;
}

/**
 * The error of an implementation that breaks its contract, raised before anything that it gave is used.
 * @param rule the name of the rule, as in docs/connectors.md
 * @param gave what it did, as the end of a sentence
 */
export const contractBroken = ({ contract, owner }: Door, rule: string, gave: string): MillraceError =>
  new MillraceError('CONTRACT_BROKEN', `${owner} breaks the contract of ${contract}, rule ${rule}: ${gave}`, {
    advice: 'Mend its code; the cases of millrace/connector/testing show what each rule asks.',
    details: { contract, rule, owner },
  });

/** The error that an implementation has thrown: its own where it is a MillraceError, else one that names whose it is. */
export const thrownBy = ({ owner, thrown: code = 'USER_FUNCTION_FAILED' }: Door, thrown: unknown): MillraceError =>
  MillraceError.from(thrown, code, owner);

/** A value in the words of an error. Never its content. */
export const shown = (value: unknown): string => {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (isThenable(value)) return 'a promise';
  return value === null || value === undefined ? String(value) : `a value of type ${typeof value}`;
};

/** Whether something is, or behaves like, a promise. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/**
 * Calls what owes a promise. It rejects with CONTRACT_BROKEN, rule `promise`, when none is given, and names whose it is in whatever
 * else it fails with. Not an async function, which would take four promises for what is asked at each turn of an engine.
 */
export const owedPromise = (door: Door, method: string, call: () => PromiseLike<void> | undefined): Promise<void> => {
  try {
    const promise = attempt(door, call);
    if (!isThenable(promise)) throw contractBroken(door, 'promise', `${method} gave ${shown(promise)} and no promise`);
    return Promise.resolve(promise).then(undefined, (thrown: unknown) => {
      throw thrownBy(door, thrown);
    });
  } catch (error) {
    return Promise.reject(error);
  }
};

/** Calls an implementation; what it throws names whose it is. */
export const attempt = <R>(door: Door, call: () => R): R => {
  try {
    return call();
  } catch (thrown) {
    throw thrownBy(door, thrown);
  }
};

/**
 * Calls what must not wait.
 * @throws MillraceError CONTRACT_BROKEN, rule `no-waiting`, when it gives a promise: what that fails with would be told to nobody
 */
export const callAtOnce = (door: Door, method: string, call: () => unknown): void => {
  const result = attempt(door, call);
  if (!isThenable(result)) return;
  result.then(undefined, () => {});
  throw contractBroken(door, 'no-waiting', `${method} gave a promise, for which nobody waits`);
};

/** @throws MillraceError CONTRACT_BROKEN, rule `methods`, when one of them is missing */
export const requireMethods = (door: Door, value: unknown, methods: readonly string[]): void => {
  const members = new Map(typeof value === 'object' && value !== null ? membersOf(value, methods) : []);
  const missing = methods.filter((method) => typeof members.get(method) !== 'function');
  if (missing.length > 0) throw contractBroken(door, 'methods', `${shown(value)} has no ${missing.join(', ')}`);
};

const membersOf = (value: object, names: readonly string[]): readonly (readonly [string, unknown])[] =>
  names.map((name) => [name, Reflect.get(value, name)]);
