import { type EntryPlace, entryBytes, headsBehind, readHead } from './segment-entry.js';

/**
 * What it means that the last segment of a log goes on behind its last whole entry, with anything but zeros.
 *
 * One record is under way at a time, and the next one is written when that is durable. So a crash can leave one entry that is not whole:
 * cut short, or with any of its sectors missing, its head too, where the file system has made the file longer first. Nobody was told that
 * it is in, and it is dropped. A later entry behind it says that it was in, and so do bytes beyond its own end: then it was damaged.
 *
 * @param tail from the place on at which the record with this seq should stand, without the zeros at its end
 */
export function judgeTail(tail: Buffer, place: EntryPlace): 'none' | 'torn' | 'damaged' {
  if (tail.byteLength === 0) return 'none';
  const own = readHead(tail, place);
  if (own !== undefined && own.seq > place.seq) return 'damaged';
  if (own?.seq === place.seq && tail.byteLength > entryBytes(own.length)) return 'damaged';
  // A lower seq is of a segment that was removed, in a block of the disk that this one got.
  for (const head of headsBehind(tail, place)) if (head.seq > place.seq) return 'damaged';
  return 'torn';
}
