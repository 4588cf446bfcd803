import { createHash } from 'node:crypto';
import { SourceBuilder } from '../../connector/builder/source-builder.js';
import type { Source } from '../../connector/source.js';
import { MillraceError } from '../../errors/index.js';
import { type LetterLine, LetterLines } from '../../internal/letters/letter-lines.js';
import type { LetterFlags } from './dead-letters-flags.js';
import { isMeant } from './letter-filter.js';
import { readLetter, type StoredLetter } from './read-letter.js';

/** A letter that can be published again. */
export interface ReplayedLetter extends StoredLetter {
  readonly payload: Buffer;
  readonly topic: string;
}

/** How many lines became what, of this process. */
export interface ReplayCounts {
  replayed: number;
  /** Without a payload or a topic: of a malformed packet, of an item. */
  unpublishable: number;
  /** No letters. */
  damaged: number;
  /** Letters that were not asked for. */
  others: number;
  /** Lines up to which earlier runs had come. */
  before: number;
  /** All lines were read. */
  ended: boolean;
}

/** Where a replay stands: behind a line. */
interface Place {
  readonly number: number;
  /** Of that line, and what tells whether it is still there. */
  readonly offset: number;
  readonly digest: string;
  /** Which letters were meant: those that were passed by are not looked at again. */
  readonly filter: string;
}

interface Reading {
  place: Place | undefined;
  lines: LetterLines | undefined;
}

const LINES_AT_ONCE = 200;

/**
 * The letters of a file that are meant, to its end. Its state is the line that it is behind, so that with a store each goes on once, and a later
 * run of the same replay takes what was appended since.
 */
export function letterSource({ file, filter }: LetterFlags, counts: ReplayCounts): Source<ReplayedLetter> {
  const wanted = JSON.stringify(filter);
  return SourceBuilder.batch('letters', (): Reading => ({ place: undefined, lines: undefined }))
    .fillBufferFn<ReplayedLetter>(async (reading, buffer) => {
      if (reading.lines === undefined) {
        reading.lines = await openBehind(file, reading.place, wanted);
        counts.before = reading.place?.number ?? 0;
      }
      for (let read = 0; read < LINES_AT_ONCE; read += 1) {
        const line = await reading.lines.next();
        if (line === undefined) {
          counts.ended = true;
          return buffer.close();
        }
        reading.place = { number: line.number, offset: line.offset, digest: digestOf(line), filter: wanted };
        const letter = readLetter(line.bytes);
        if (letter === undefined) counts.damaged += 1;
        else if (isMeant(letter, line.number, filter)) {
          const { payload, topic } = letter;
          if (payload === undefined || topic === undefined) counts.unpublishable += 1;
          else {
            counts.replayed += 1;
            buffer.add({ ...letter, payload, topic });
          }
        } else counts.others += 1;
      }
    })
    .createSnapshotFn(({ place }) => place)
    .restoreSnapshotFn((reading, place) => {
      reading.place = place;
    })
    .destroyFn(async ({ lines }) => lines?.[Symbol.asyncDispose]())
    .build();
}

async function openBehind(file: string, place: Place | undefined, filter: string): Promise<LetterLines> {
  if (place === undefined) return LetterLines.open(file);
  if (place.filter !== filter) {
    throw otherReplay('it is of a replay of other letters: what that passed by would never be replayed');
  }
  const lines = await LetterLines.open(file, { offset: place.offset, number: place.number - 1 });
  const line = await lines.next();
  if (line !== undefined && digestOf(line) === place.digest) return lines;
  await lines[Symbol.asyncDispose]();
  throw otherReplay(`line ${place.number} of ${file}, behind which it stands, is not there any more`);
}

const digestOf = ({ bytes }: LetterLine): string => createHash('sha256').update(bytes).digest('base64');

const otherReplay = (why: string): MillraceError =>
  new MillraceError('INVALID_OPTIONS', `this --dir is no place for this replay: ${why}`, {
    advice: 'Give the replay a directory of its own. What the other one had published is in its directory alone.',
  });
