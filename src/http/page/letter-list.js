/** @import { JobSnapshot } from '../snapshot/job-snapshot.js' */
/** @import { ToldLetter, ToldLetters } from '../letters/list-letters.js' */
/** @import { AccessToken } from './access-token.js' */
import { byId, element, KeyedList, setText, showCells } from './dom.js';
import { bytes } from './format.js';
import { messageOf } from './live-feed.js';

/** The dead letters of a job that stand in files: asked for when there are others than before, and the payload of one when it is wanted. */
export class LetterList {
  #token;
  #part = byId('letters', HTMLElement);
  #said = byId('letters-said', HTMLElement);
  /** @type {KeyedList<ToldLetter, HTMLTableRowElement>} */
  #rows = new KeyedList(
    this.#part.querySelector('tbody') ?? this.#part,
    () => this.#makeRow(),
    (row, letter) => showLetter(row, letter),
  );
  /** What was last asked for: the job, and how many letters it had. */
  #asked = '';
  #isAsking = false;

  /** @param {AccessToken} token */
  constructor(token) {
    this.#token = token;
  }

  /** @param {JobSnapshot} job */
  show(job) {
    const { name, counts, plan, sinks } = job;
    const files = plan.parts.filter(({ letterFile }) => letterFile !== undefined);
    this.#part.hidden = files.length === 0;
    const written = files.map(({ called }) => sinks[called]?.millrace_sink_delivered_total ?? 0);
    const wanted = [name, counts.itemsDeadLettered, ...written].join(' ');
    if (files.length === 0 || wanted === this.#asked || this.#isAsking) return;
    if (!this.#asked.startsWith(`${name} `)) this.#rows.show([]);
    this.#asked = wanted;
    void this.#ask(name);
  }

  /** @param {string} job */
  async #ask(job) {
    this.#isAsking = true;
    try {
      const response = await fetch('api/dead-letters', { headers: this.#token.headers, cache: 'no-store' });
      if (!response.ok) throw new Error(await messageOf(response));
      /** @type {{ files: readonly ToldLetters[] }} */
      const { files } = await response.json();
      this.#take(files.filter((one) => one.job === job));
    } catch (error) {
      // it is asked again with the next letter
      setText(this.#said, error instanceof TypeError ? 'the server is away' : String(Object(error).message));
    } finally {
      this.#isAsking = false;
    }
  }

  /** @param {readonly ToldLetters[]} files */
  #take(files) {
    const letters = files.flatMap((file) => file.letters).sort((a, b) => (a.time < b.time ? 1 : -1));
    this.#rows.show(letters.map((letter) => [letter.id, letter]));
    const problems = files.flatMap(({ problem }) => problem ?? []);
    const earlier = files.some((file) => file.earlier) ? ['There are earlier ones.'] : [];
    setText(this.#said, [...problems, ...(letters.length === 0 ? ['None.'] : earlier)].join(' '));
  }

  #makeRow() {
    const row = element('tr');
    const button = element('button', 'quiet');
    button.type = 'button';
    button.addEventListener('click', () => void this.#save(button.value));
    showCells(row, ['', '', '', '', '']);
    row.cells[4]?.append(button);
    return row;
  }

  /** As a file: what a publisher chose is not shown here. @param {string} letter */
  async #save(letter) {
    try {
      const response = await fetch(`api/dead-letters/${letter}/payload`, { headers: this.#token.headers });
      if (!response.ok) throw new Error(await messageOf(response));
      const link = element('a');
      link.href = URL.createObjectURL(await response.blob());
      link.download = `letter-${letter}.bin`;
      link.click();
      // the browser has begun to read it by then
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      setText(this.#said, error instanceof TypeError ? 'the server is away' : String(Object(error).message));
    }
  }
}

/** @param {HTMLTableRowElement} row @param {ToldLetter} letter */
const showLetter = (row, { id, time, error, topic, origin, bytes: size }) => {
  showCells(row, [new Date(time).toLocaleString('en-GB'), `${error.code}: ${error.message}`, topic ?? '–', origin]);
  const button = row.querySelector('button');
  if (button === null) return;
  button.value = id;
  button.hidden = size === undefined;
  setText(button, size === undefined ? '' : `Save ${bytes(size)}`);
  button.setAttribute('aria-label', `Save the payload of the letter of ${time}, ${size ?? 0} bytes`);
};
