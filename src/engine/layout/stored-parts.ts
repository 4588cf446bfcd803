import type { StoreBatch, StoreView } from '../../store/store.js';
import { namePart } from './keys/key-text.js';
import { type NamedKind, nameKey, namePrefix } from './keys/named-keys.js';
import { storeKeys } from './keys/store-keys.js';
import { readOutboxHead } from './values/outbox-head.js';
import { readSourceRecord } from './values/source-record.js';

/** What a job is made of, as far as something may be stored for it. A client is one of a sink's, timers are those of a stage. */
export type PartKind = 'source' | 'sink' | 'stage' | 'timers';

/** A part by its name. */
export interface Part {
  /** Parts of two kinds may have one name. */
  readonly kind: PartKind;
  /** In the pipeline. */
  readonly name: string;
}

/** As `giveUp` names it. */
export const partName = ({ kind, name }: Part): string => `${kind} ${name}`;

/** Keys of the store: single ones, and all that begin with a prefix, which ends with a slash. */
export interface StoredKeys {
  /** Single ones. */
  readonly keys: readonly string[];
  /** Of all that begin so. */
  readonly prefixes: readonly string[];
}

/** Above all keys with a prefix that ends with a slash. */
export const endOf = (prefix: string): string => `${prefix.slice(0, -1)}0`;

const recordsOf = (part: Part): string => `record/${namePart(partName(part))}/`;

const outboxesOf = (sink: string): string => `outbox/${namePart(sink)}/`;

/** Where all that is stored for a part stands. */
export const keysOf = (part: Part): StoredKeys => {
  const { kind, name } = part;
  switch (kind) {
    case 'source':
      return {
        keys: [storeKeys.source(name), nameKey('dedupe', name)],
        prefixes: [storeKeys.pages(name), namePrefix('dedupe', name), recordsOf(part)],
      };
    case 'sink':
      return { keys: [], prefixes: [outboxesOf(name), `rows/${namePart(name)}/`, recordsOf(part)] };
    case 'stage': {
      const [state, calls] = [keysOfStage('state', name), keysOfStage('async', name)];
      return { keys: [...state.keys, ...calls.keys], prefixes: [...state.prefixes, ...calls.prefixes] };
    }
    case 'timers':
      return timersOf(name);
  }
};

const EARLY_TIMERS = ['early', 'early-due'] as const;
/** Those of early results go with the others, and are missed by nobody. */
const TIMERS = ['timer', 'due', ...EARLY_TIMERS] as const;

const keysOfKinds = (kinds: readonly NamedKind[], stage: string): StoredKeys => ({
  keys: kinds.map((kind) => nameKey(kind, stage)),
  prefixes: kinds.map((kind) => namePrefix(kind, stage)),
});

const timersOf = (stage: string): StoredKeys => keysOfKinds(TIMERS, stage);

/** By which a stage with windows tells early results. */
export const earlyTimersOf = (stage: string): StoredKeys => keysOfKinds(EARLY_TIMERS, stage);

/** What a stage keeps: its state with its timers, or the items of its pending calls. */
export type StageKind = Extract<NamedKind, 'state' | 'async'>;

/** Of one kind of stage alone. */
export const keysOfStage = (kind: StageKind, name: string): StoredKeys => {
  const timers = kind === 'state' ? timersOf(name) : { keys: [], prefixes: [] };
  const count = kind === 'state' ? [nameKey('keys', name)] : [];
  return {
    keys: [nameKey(kind, name), ...count, ...timers.keys],
    prefixes: [namePrefix(kind, name), ...timers.prefixes],
  };
};

/** The same for an outbox of a sink, whose client is no more. */
export const keysOfClient = (sink: string, client: string): StoredKeys => ({
  keys: [storeKeys.outbox(sink, client), storeKeys.record(partName({ kind: 'sink', name: sink }), client)],
  prefixes: [`rows/${namePart(sink)}/${namePart(client)}/`],
});

/** The keys that are there, at most so many. */
export function* keysIn(view: StoreView, { keys, prefixes }: StoredKeys): Generator<string> {
  for (const key of keys) if (view.get(key) !== undefined) yield key;
  for (const prefix of prefixes) for (const { key } of view.range(prefix, endOf(prefix))) yield key;
}

/** A commit that removes them, up to so many. */
export const removalOf = (view: StoreView, stored: StoredKeys, most: number): StoreBatch => {
  const batch = new Map<string, undefined>();
  for (const key of keysIn(view, stored)) {
    batch.set(key, undefined);
    if (batch.size >= most) break;
  }
  return batch;
};

/** What would be lost with a part, in words; undefined when nothing would be. */
export const storedOf = (view: StoreView, part: Part): string | undefined => {
  switch (part.kind) {
    case 'source':
      return storedOfSource(view, part);
    case 'sink':
      return storedOfSink(view, part.name);
    case 'stage':
      return storedOfStage(view, part.name);
    case 'timers':
      return storedTimers(view, part.name);
  }
};

/** One that keeps no state and no session begins anew at each start anyway. */
const storedOfSource = (view: StoreView, part: Part): string | undefined => {
  const bytes = view.get(storeKeys.source(part.name));
  const state = bytes === undefined ? undefined : readSourceRecord(bytes).state;
  const hasSession = hasKeys(view, recordsOf(part));
  const hasState = state !== undefined || hasKeys(view, storeKeys.pages(part.name));
  if (!hasState && !hasSession && view.get(nameKey('dedupe', part.name)) === undefined) return undefined;
  if (hasSession) return 'its position, in a session that its broker goes on filling';
  return hasState ? 'its position' : 'the keys by which it tells copies';
};

const storedOfSink = (view: StoreView, name: string): string | undefined => {
  let messages = 0;
  for (const { value } of view.range(outboxesOf(name), endOf(outboxesOf(name)))) {
    const { low, end } = readOutboxHead(value);
    messages += end - low;
  }
  return messages === 0 ? undefined : messagesText(messages);
};

export const messagesText = (count: number): string => (count === 1 ? '1 message' : `${count} messages`);

const storedOfStage = (view: StoreView, name: string): string | undefined =>
  storedOfKind(view, 'state', name) ?? storedOfKind(view, 'async', name);

/** The same of one kind of stage alone. */
export const storedOfKind = (view: Pick<StoreView, 'range'>, kind: StageKind, name: string): string | undefined => {
  if (hasKeys(view, namePrefix(kind, name))) return kind === 'state' ? 'state' : 'calls that are pending';
  return kind === 'state' ? storedTimers(view, name) : undefined;
};

const storedTimers = (view: Pick<StoreView, 'range'>, name: string): string | undefined =>
  hasKeys(view, namePrefix('due', name)) ? 'timers that are set' : undefined;

/** Whether anything stands under keys that begin with it. */
export const hasKeys = (view: Pick<StoreView, 'range'>, prefix: string): boolean => {
  for (const _ of view.range(prefix, endOf(prefix))) return true;
  return false;
};
