/** No event of a server is longer: some hundred jobs with all that is told of each. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/**
 * Makes server-sent events of text, in whatever pieces it comes: of the form that our server writes, where each event has a name and one line
 * of data.
 */
export class EventParser {
  #rest = '';

  /**
   * @param {string} text
   * @returns {readonly { readonly event: string, readonly data: string }[]} those that are whole by now
   * @throws RangeError where one does not end
   */
  push(text) {
    if (!text.includes('\n')) {
      // what is joined is looked at once, however many pieces it comes in
      this.#grow(text);
      return [];
    }
    const pieces = (this.#rest + text).split('\n\n');
    this.#rest = '';
    this.#grow(pieces.pop() ?? '');
    return pieces.map((piece) => ({ event: lineOf(piece, 'event'), data: lineOf(piece, 'data') }));
  }

  /** @param {string} text */
  #grow(text) {
    this.#rest += text;
    if (this.#rest.length > MOST_CHARACTERS) throw new RangeError('an event does not end');
  }
}

/** @type {(piece: string, field: string) => string} */
const lineOf = (piece, field) =>
  piece
    .split('\n')
    .find((line) => line.startsWith(`${field}: `))
    ?.slice(field.length + 2) ?? '';
