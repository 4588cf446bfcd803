const KEY = 'millrace-token';

/** The token that a user has entered: kept for this tab alone, and sent as a header, never in an address. */
export class AccessToken {
  /** @type {string | undefined} */
  #text = stored();

  get isThere() {
    return this.#text !== undefined;
  }

  /** @returns {Readonly<Record<string, string>>} */
  get headers() {
    return this.#text === undefined ? {} : { Authorization: `Bearer ${this.#text}` };
  }

  /** @param {string} text */
  use(text) {
    this.#text = text;
    try {
      sessionStorage.setItem(KEY, text);
    } catch {
      // a browser that keeps nothing: it is asked for again after a reload
    }
  }

  /** It was refused. */
  forget() {
    this.#text = undefined;
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // nothing was kept
    }
  }
}

/** @returns {string | undefined} */
const stored = () => {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
};
