import { keyText } from '../../pipeline/key-text.js';
import type { StateKey } from '../../pipeline/stage-state.js';
import { MAX_KEY_BYTES } from '../../store/check-batch.js';
import type { RecordLook } from '../../store/look/record-look.js';
import { entryKey } from '../layout/keys/entry-key.js';
import { namePrefix } from '../layout/keys/named-keys.js';
import { partsPrefix } from '../layout/keys/part-key.js';
import { decodeChunk } from '../layout/values/outbox-chunk.js';
import { type KeyPlace, placeOfKey } from './key-place.js';
import { calledIn, isFact, readStoredFacts } from './stored-facts.js';

/** The state of a key, as it is stored. */
export interface FoundState {
  readonly key: StateKey;
  /** Of its codec. */
  readonly version: number;
  /** As the codec made it. */
  readonly body: Uint8Array;
  /** Whether it is that of windows. */
  readonly isWindows: boolean;
  /** Where it stands: among those of busy keys, or by itself. */
  readonly where: 'bundle' | 'key';
  /** Its parts, in order: as their codec made them. */
  readonly parts: readonly Uint8Array[];
}

const VERSION_BYTES = 2;
const LENGTH_BYTES = 4;

/**
 * The states of a stage by keys that read like this text: `1` may be a string, a number or a bigint.
 * @throws MillraceError INVALID_OPTIONS for a name of a stage that nothing can be stored under
 */
export const findState = async (look: RecordLook, stage: string, text: string): Promise<readonly FoundState[]> => {
  const prefix = namePrefix('state', stage);
  const keys = readings(text).map((key) => ({
    key,
    at: entryKey(prefix, key, MAX_KEY_BYTES),
    partsAt: partsPrefix(prefix, key, MAX_KEY_BYTES),
  }));
  const wanted = new Set(keys.map(({ at }) => at.storeKey));
  const own = new Map<string, Uint8Array>();
  const facts = await readStoredFacts(look, () => {});
  const isPart = (one: string): boolean => keys.some(({ partsAt }) => isNumbered(one, partsAt));
  for await (const { key, value } of look.records((one) => wanted.has(one) || isPart(one))) own.set(key, value);
  const bundled = facts.bundled.get(stage);
  return keys.flatMap(({ key, at: { storeKey, fullText }, partsAt }): FoundState[] => {
    const inBundle = bundled?.get(storeKey.slice(prefix.length));
    const record = inBundle ?? own.get(storeKey);
    if (record === undefined) return [];
    const body = fullText === undefined ? record : behindText(record);
    const version = (body[0] ?? 0) | ((body[1] ?? 0) << 8);
    const where = inBundle === undefined ? 'key' : 'bundle';
    const parts = [...own.keys()].filter((one) => isNumbered(one, partsAt)).sort();
    return [
      {
        key,
        version,
        body: body.subarray(VERSION_BYTES),
        isWindows: facts.windows.has(stage),
        where,
        parts: parts.map((one) => (own.get(one) ?? NOTHING).subarray(VERSION_BYTES)),
      },
    ];
  });
};

const NOTHING = new Uint8Array();

const isNumbered = (key: string, prefix: string): boolean =>
  key.startsWith(prefix) && /^\d{16}$/.test(key.slice(prefix.length));

/** Every key that a person may mean. */
const readings = (text: string): readonly StateKey[] => [
  text,
  ...(keyText(Number(text)) === `n${text}` ? [Number(text)] : []),
  ...(/^-?\d{1,1000}$/.test(text) ? [BigInt(text)] : []),
  ...(text === 'true' || text === 'false' ? [text === 'true'] : []),
];

/** A key that is too long stands in front of its state, where the store's key has a digest. */
const behindText = (record: Uint8Array): Uint8Array => {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  return record.subarray(LENGTH_BYTES + view.getUint32(0, true));
};

/** A row of an outbox. */
export interface FoundRow {
  readonly outbox: string;
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** Of the outbox; undefined: it has no head. */
  readonly head: { readonly low: number; readonly end: number; readonly state: unknown } | undefined;
}

/** The rows with a seq in the outboxes of a sink, of which each counts its own. @param sink as it is stored, or as metrics and events call it */
export const findRows = async (
  look: RecordLook,
  { sink, outbox, seq }: { readonly sink: string; readonly outbox: string | undefined; readonly seq: number },
): Promise<readonly FoundRow[]> => {
  const facts = await readStoredFacts(look, () => {});
  const found = new Map<string, Extract<KeyPlace, { is: 'rows' }> & { readonly value: Uint8Array }>();
  for await (const { key, value } of look.records((one) => !isFact(one))) {
    const place = placeOfKey(key);
    if (place?.is !== 'rows' || place.last < seq) continue;
    if (place.sink !== sink && calledIn(facts, 'sink', place.sink) !== sink) continue;
    if (outbox !== undefined && place.outbox !== outbox) continue;
    const id = JSON.stringify([place.sink, place.outbox]);
    const before = found.get(id);
    if (before === undefined || place.last < before.last) found.set(id, { ...place, value });
  }
  return [...found.values()].flatMap((place) =>
    decodeChunk(place.value, { from: seq, to: seq + 1 }).rows.map(({ bytes }) => {
      const head = facts.outboxes.find((one) => one.sink === place.sink && one.outbox === place.outbox);
      return { outbox: place.outbox, seq, bytes, head };
    }),
  );
};
