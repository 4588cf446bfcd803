import type { StoreForm } from './contender.js';

/** The two that are compared. */
export const STORES: readonly { readonly name: string; readonly store: StoreForm }[] = [
  { name: 'the store', store: 'log' },
  { name: 'LMDB alone', store: 'lmdb' },
];
