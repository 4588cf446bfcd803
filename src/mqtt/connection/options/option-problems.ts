import { MillraceError } from '../../../errors/millrace-error.js';

/** The bounds of a whole number. */
export interface Range {
  /** Inclusive, as is `max`. */
  readonly min: number;
  readonly max: number;
  /** When nothing is given. It may lie outside, to stand for that. */
  readonly fallback: number;
}

/** Gathers what is wrong with options, so that all of it is said at once. */
export class OptionProblems {
  readonly #list: string[] = [];

  get list(): readonly string[] {
    return this.#list;
  }

  add(problem: string): void {
    this.#list.push(problem);
  }

  /** A whole number within bounds, its fallback when it was not given. */
  integer(name: string, value: number | undefined, range: Range): number {
    if (value === undefined) return range.fallback;
    if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
    this.add(`${name} must be a whole number from ${range.min} to ${range.max}, not ${String(value)}`);
    return range.fallback;
  }

  /** True, false, or the fallback when it was not given. */
  flag(name: string, value: boolean | undefined, fallback: boolean): boolean {
    if (value === undefined || typeof value === 'boolean') return value ?? fallback;
    this.add(`${name} must be true or false, not ${String(value)}`);
    return fallback;
  }

  /** Text without U+0000, at most 65535 bytes in UTF-8 [MQTT-1.5.4-1, MQTT-1.5.4-2]. */
  text(name: string, value: string | undefined): string | undefined {
    if (value === undefined) return undefined;
    if (typeof value !== 'string') this.add(`${name} must be a string`);
    else if (/[\0\p{Surrogate}]/u.test(value)) this.add(`${name} must be well-formed text without U+0000`);
    else if (new TextEncoder().encode(value).length > 65_535) this.add(`${name} is longer than 65535 bytes`);
    else return value;
    return undefined;
  }

  /** Bytes, at most 65535 (5: 1.5.6). They are never shown. `kinds` says what may be given. */
  bytes(name: string, value: Uint8Array | undefined, kinds = 'a Uint8Array'): Uint8Array | undefined {
    if (value === undefined || (value instanceof Uint8Array && value.length <= 65_535)) return value;
    this.add(value instanceof Uint8Array ? `${name} is longer than 65535 bytes` : `${name} must be ${kinds}`);
    return undefined;
  }

  /** Whether it is an object, with no names but these. */
  record(name: string, value: object, known: Readonly<Record<string, true>>): boolean {
    const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isRecord) this.add(`${name} must be an object`);
    const unknown = isRecord ? Object.keys(value).filter((key) => !Object.hasOwn(known, key)) : [];
    for (const key of unknown) this.add(`there is no option "${name}.${key}"`);
    return isRecord;
  }
}

/** The error for all problems of a builder at once. */
export function invalidOptions(what: string, problems: readonly string[]): MillraceError {
  return new MillraceError('INVALID_OPTIONS', `${what}: ${problems.join('; ')}`, { details: { problems } });
}
