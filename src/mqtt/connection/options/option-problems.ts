/** Gathers what is wrong with options, so that all of it is said at once. */
export class OptionProblems {
  readonly #list: string[];

  /** @param found what was found before */
  constructor(found: readonly string[]) {
    this.#list = [...found];
  }

  get list(): readonly string[] {
    return this.#list;
  }

  add(problem: string): void {
    this.#list.push(problem);
  }

  /** Text without U+0000, at most 65535 bytes in UTF-8 [MQTT-1.5.4-1, MQTT-1.5.4-2]. */
  text(name: string, value: string | undefined): string | undefined {
    if (value === undefined) return undefined;
    if (/[\0\p{Surrogate}]/u.test(value)) this.add(`${name} must be well-formed text without U+0000`);
    else if (new TextEncoder().encode(value).length > 65_535) this.add(`${name} is longer than 65535 bytes`);
    else return value;
    return undefined;
  }

  /** Bytes, at most 65535 (5: 1.5.6). They are never shown. */
  bytes(name: string, value: Uint8Array | undefined): Uint8Array | undefined {
    if (value === undefined || value.length <= 65_535) return value;
    this.add(`${name} is longer than 65535 bytes`);
    return undefined;
  }
}
