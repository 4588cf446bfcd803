import { foreignText } from '../internal/visible-text.js';

const MOST_MEMBERS = 24;
const MOST_LISTED = 16;
const DEEPEST = 4;
/** Of all texts of an event together; what comes behind is left out. */
const MOST_CHARACTERS = 8192;

/**
 * What an event told as plain JSON of bounded size: brokers and publishers choose topics and reasons. Text is visible and cut at 1,024
 * characters, lists and objects are cut, bytes are left out.
 */
export const boundedFacts = (facts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  new Bounding().membersOf(facts, DEEPEST);

/** Of one event: what it has taken so far. */
class Bounding {
  #left = MOST_CHARACTERS;

  membersOf(object: object, deep: number): Readonly<Record<string, unknown>> {
    const members = Object.entries(object).slice(0, MOST_MEMBERS);
    const bounded = members.map(([name, value]) => [this.#text(name), this.#value(value, deep - 1)] as const);
    return Object.fromEntries(bounded.filter(([name, value]) => name !== undefined && value !== undefined));
  }

  #value(value: unknown, deep: number): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'bigint') return this.#text(String(value));
    if (typeof value === 'boolean' || value === null || Number.isFinite(value)) return value;
    if (typeof value !== 'object' || deep === 0 || ArrayBuffer.isView(value)) return undefined;
    if (Array.isArray(value)) return value.slice(0, MOST_LISTED).map((one) => this.#value(one, deep - 1) ?? null);
    return this.membersOf(toldAs(value), deep);
  }

  /** Undefined: there is no room for it. */
  #text(text: string): string | undefined {
    const shown = foreignText(text);
    if (shown.length > this.#left) return undefined;
    this.#left -= shown.length;
    return shown;
  }
}

/** An error says in `toJSON` what may be told of it; one of others may say anything. */
const toldAs = (value: object): object => {
  if (!(value instanceof Error)) return value;
  const told: unknown = 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : undefined;
  return typeof told === 'object' && told !== null ? told : { name: value.name, message: value.message };
};
