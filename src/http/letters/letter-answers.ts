import type { JobRunner } from '../../engine/job-runner.js';
import { LetterLines } from '../../internal/letters/letter-lines.js';
import { readLetterRecord } from '../../internal/letters/letter-record.js';
import { type Body, jsonBody } from '../answer.js';
import { MadeOnce } from '../policy/made-once.js';
import type { Route } from '../policy/routes.js';
import { letterFilesOf } from './letter-files.js';
import { listLetters } from './list-letters.js';

/** A letter whose line is longer is for the command: it is held in memory while it is given. */
const MOST_LINE_BYTES = 16 * 1024 * 1024;

/** Payloads at once. */
const MOST_HELD = 4;

/** Which letter is meant. */
type LetterPlace = Omit<Extract<Route, { kind: 'letter-payload' }>, 'kind'>;

/** What is answered of dead letters in files. */
export class LetterAnswers {
  readonly #engine: Pick<JobRunner, 'jobs'>;
  readonly #listed: MadeOnce<Promise<Body>>;
  /** Payloads that are held in memory: read, or not taken yet. */
  #held = 0;

  constructor(engine: Pick<JobRunner, 'jobs'>) {
    this.#engine = engine;
    this.#listed = new MadeOnce(() => this.#list());
  }

  /** The last letters of each file of the jobs, a second old at most. */
  list(): Promise<Body> {
    return this.#listed.at(performance.now());
  }

  /** Whether one more payload may be read; then `release` is called when it is given. */
  hold(): boolean {
    if (this.#held === MOST_HELD) return false;
    this.#held += 1;
    return true;
  }

  release(): void {
    this.#held -= 1;
  }

  /**
   * The payload of the letter that begins there, of that time; undefined: there is none, or the letter has no payload.
   * @throws MillraceError INVALID_OPTIONS for one of more than 16 MiB as it stands in the file, or a file that is not ours
   */
  async payload({ file, offset, timeMs }: LetterPlace): Promise<Uint8Array | undefined> {
    const found = letterFilesOf(this.#engine.jobs).find(({ id }) => id === file);
    if (found === undefined) return undefined;
    await using lines = await LetterLines.open(found.path, { offset, number: 0, mostBytes: MOST_LINE_BYTES });
    const line = await lines.next();
    const letter = line && readLetterRecord(line.bytes);
    // letters that were dropped since have moved the others
    return letter?.timestampMs === timeMs ? letter.payload : undefined;
  }

  async #list(): Promise<Body> {
    return jsonBody({ files: await listLetters(letterFilesOf(this.#engine.jobs)) });
  }
}
