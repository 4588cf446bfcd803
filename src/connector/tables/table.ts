import type { OpenContext } from '../open-context.js';

/** What rows are found by. Keys of different types are different keys. */
export type TableKey = string | number | bigint | boolean;

/** Whether it is one: types may not have looked at it. */
export const isTableKey = (key: unknown): key is TableKey =>
  ['string', 'bigint', 'boolean'].includes(typeof key) || (typeof key === 'number' && !Number.isNaN(key));

/** A table as long as a job has it: in memory, so that a look-up is a call. */
export interface OpenTable<K extends TableKey, V> {
  /** The row of a key as it is now; undefined where there is none. It may be shared: nobody changes it. */
  get(key: K): V | undefined;
  /** Called once. Resolves when nothing is held any more. */
  close(): Promise<void>;
}

/** Rows by key that `lookup` stages enrich items by: `Tables` and `MqttSources.table` make them. All stages of a run that have it use one opening. */
export interface Table<K extends TableKey, V> {
  /** For metrics, events and errors. */
  readonly name: string;
  /** Resolves when all rows are there. What it rejects with is tried again as the options of each stage say. */
  open(context: OpenContext): Promise<OpenTable<K, V>>;
}
