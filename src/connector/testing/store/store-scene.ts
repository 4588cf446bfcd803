import { openStore } from '../../../store/guarded-store.js';
import type { Store, StoreBatch, StoreProvider } from '../../../store/store.js';

/** A provider of stores, empty at first. */
export interface StoreFixture {
  /** Open, with no store in it. A case closes it, or what `again` gave last. */
  readonly stores: StoreProvider;
  /** Closes it and gives one with the same content. */
  again(): Promise<StoreProvider>;
  /**
   * What another owner has, who may take the stores over while they are open: over the same content, and open beside `stores`. The case
   * closes it. Absent where nobody can, which is where stores have no `renew`.
   */
  rival?(): Promise<StoreProvider>;
}

/** How to make a provider of stores. */
export interface StoreHarness {
  /** Called once for each case. */
  start(): Promise<StoreFixture>;
  /** Milliseconds that a case waits for what must come; the whole case may take twice that. Default 30,000. */
  readonly patienceMs?: number;
}

/** One case over an open store; `reopen` opens what it left behind. */
export type StoreRun = (store: Store, reopen: () => Promise<Store>) => Promise<void>;

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

export const batch = (...entries: [string, Uint8Array | undefined][]): StoreBatch => new Map(entries);

/** Above every key of these cases: theirs are shorter. */
const ABOVE_ALL = '\u{10ffff}'.repeat(9);

/** All that a store has. */
export const all = (store: Store): [string, Uint8Array][] =>
  [...store.range('', ABOVE_ALL)].map(({ key, value }): [string, Uint8Array] => [key, value]);

export const keysOf = (store: Store, from = '', to = ABOVE_ALL): string[] =>
  [...store.range(from, to)].map(({ key }) => key);

/** Keys that ascend with the number. */
export const numbered = (number: number): string => `row/${String(number).padStart(8, '0')}`;

/** What holds for a store must hold for what it left behind. */
export const beforeAndAfter = async (
  store: Store,
  reopen: () => Promise<Store>,
  check: (reader: Store) => void,
): Promise<void> => {
  check(store);
  check(await reopen());
};

/** Runs a case over a store, behind the door that an engine puts there, and closes the provider that is open last. */
export const withStore = async ({ start }: StoreHarness, run: StoreRun): Promise<void> => {
  const { stores, again } = await start();
  let provider = stores;
  const open = (): Promise<Store> => openStore('a job', () => provider.open('a job', 0));
  const reopen = async (): Promise<Store> => {
    provider = await again();
    return open();
  };
  try {
    await run(await open(), reopen);
  } finally {
    await provider.close();
  }
};
