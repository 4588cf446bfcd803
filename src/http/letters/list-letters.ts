import { stat } from 'node:fs/promises';
import { MillraceError } from '../../errors/millrace-error.js';
import { type LetterLine, LetterLines } from '../../internal/letters/letter-lines.js';
import { readLetterRecord } from '../../internal/letters/letter-record.js';
import type { LetterFile } from './letter-files.js';

/** A dead letter, but for its payload. */
export interface ToldLetter {
  /** What its payload is asked for by: `/api/dead-letters/{id}/payload`. */
  readonly id: string;
  /** Of the failure, as ISO 8601. */
  readonly time: string;
  /** `source x`, `sink x`, `stage x`. */
  readonly origin: string;
  /** Its message, as the topic: at most 512 characters. */
  readonly error: { readonly code: string; readonly message: string };
  readonly topic: string | undefined;
  /** Of the payload; undefined: the letter is of a malformed packet, or of an item. */
  readonly bytes: number | undefined;
}

/** The letters of a file of a job. */
export interface ToldLetters {
  readonly job: string;
  readonly file: string;
  /** The last 50, the newest first. */
  readonly letters: readonly ToldLetter[];
  /** Whether there are others before them. */
  readonly earlier: boolean;
  /** Why the file cannot be read. */
  readonly problem?: string;
}

const MOST_LETTERS = 50;
const MOST_TEXT = 512;
/** The end of a file in which it is looked for letters; where the last one is larger, the larger. */
const LOOKED_BYTES = [1024 * 1024, 16 * 1024 * 1024];

/** The last letters of each file, read from its end: however long it is, it costs no more. */
export const listLetters = async (files: readonly LetterFile[]): Promise<readonly ToldLetters[]> => {
  const told: ToldLetters[] = [];
  for (const file of files) told.push(await lettersOf(file));
  return told;
};

const lettersOf = async ({ id, job, path }: LetterFile): Promise<ToldLetters> => {
  const named = { job, file: path };
  try {
    const { size } = await stat(path);
    for (const bytes of LOOKED_BYTES) {
      const offset = Math.max(0, size - bytes);
      const { letters, skipped } = await lastLetters(path, id, { offset, size });
      const earlier = offset > 0 || skipped;
      if (letters.length > 0 || offset === 0) return { ...named, letters: letters.reverse(), earlier };
    }
    return { ...named, letters: [], earlier: true };
  } catch (error) {
    // it is made when the job opens it
    if (Object(error).code === 'ENOENT') return { ...named, letters: [], earlier: false };
    return { ...named, letters: [], earlier: false, problem: MillraceError.from(error).message };
  }
};

/** From an offset on, which may lie in a line; what is appended meanwhile is for the next look. */
const lastLetters = async (
  path: string,
  file: string,
  { offset, size }: { readonly offset: number; readonly size: number },
) => {
  await using lines = await LetterLines.open(path, { offset, number: 0 });
  if (offset > 0) await lines.next();
  const letters: ToldLetter[] = [];
  let skipped = false;
  for (let line = await lines.next(); line !== undefined && line.offset < size; line = await lines.next()) {
    const letter = toldOf(line, file);
    if (letter === undefined) continue;
    letters.push(letter);
    if (letters.length > MOST_LETTERS) skipped = letters.shift() !== undefined;
  }
  return { letters, skipped };
};

const toldOf = ({ bytes, offset }: LetterLine, file: string): ToldLetter | undefined => {
  const record = readLetterRecord(bytes);
  if (record === undefined) return undefined;
  const { timestampMs, origin, error, topic, payload } = record;
  return {
    id: `${file}-${offset}-${timestampMs}`,
    time: new Date(timestampMs).toISOString(),
    origin: shortened(origin),
    error: { code: shortened(error.code), message: shortened(error.message) },
    topic: topic === undefined ? undefined : shortened(topic),
    bytes: payload?.byteLength,
  };
};

const shortened = (text: string): string => (text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT - 1)}…`);
