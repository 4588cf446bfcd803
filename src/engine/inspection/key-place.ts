import type { NamedKind } from '../layout/keys/named-keys.js';

/** What the record of a key is. Names are decoded. */
export type KeyPlace =
  | { readonly is: 'job' | 'careful' | 'reached' | 'time' }
  | { readonly is: 'source'; readonly source: string }
  | { readonly is: 'page'; readonly source: string }
  | { readonly is: 'record'; readonly port: string; readonly name: string }
  | { readonly is: 'outbox'; readonly sink: string; readonly outbox: string }
  /** `last`: the seq of the last row of the chunk. */
  | { readonly is: 'rows'; readonly sink: string; readonly outbox: string; readonly last: number }
  /** `rest`: what stands behind the prefix of the stage, or source; undefined: the record of the name itself. */
  | {
      readonly is: NamedKind;
      readonly name: string;
      readonly rest: string | undefined;
    };

/** Where `storeKeys` and `nameKey` put it; undefined for a key that is of none of them. */
export const placeOfKey = (key: string): KeyPlace | undefined => {
  if (key === 'job' || key === 'careful' || key === 'reached' || key === 'time') return { is: key };
  const [is, first = ''] = key.split('/', 2);
  const name = decoded(first);
  if (is === undefined || name === undefined) return undefined;
  const behind = key.slice(is.length + first.length + 2);
  switch (is) {
    case 'source':
      return { is, source: name };
    case 'page':
      return { is, source: name };
    case 'record':
      return named(behind, (second) => ({ is, port: name, name: second }));
    case 'outbox':
      return named(behind, (outbox) => ({ is, sink: name, outbox }));
    case 'rows':
      return rowsPlace(name, behind);
    case 'state':
    case 'keys':
    case 'timer':
    case 'due':
    case 'early':
    case 'early-due':
    case 'async':
    case 'dedupe':
      return { is, name, rest: key.length === is.length + first.length + 1 ? undefined : behind };
    default:
      return undefined;
  }
};

const rowsPlace = (sink: string, behind: string): KeyPlace | undefined => {
  const [outbox = '', last = ''] = behind.split('/');
  return /^\d{16}$/.test(last)
    ? named(outbox, (name) => ({ is: 'rows', sink, outbox: name, last: Number(last) }))
    : undefined;
};

const named = (text: string, make: (name: string) => KeyPlace): KeyPlace | undefined => {
  const name = decoded(text);
  return name === undefined ? undefined : make(name);
};

/** Back from `namePart`. */
const decoded = (part: string): string | undefined => {
  try {
    return part === '' ? undefined : decodeURIComponent(part);
  } catch {
    return undefined;
  }
};
