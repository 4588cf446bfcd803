import { CLUSTER_CELLS, CLUSTER_MUTANTS, FURTHER_CLUSTER_CELLS } from './cluster-mutants.js';
import { JOIN_CELLS, JOIN_MUTANTS } from './join-mutants.js';
import type { TestCell } from './mutant-cell.js';
import { CELLS, FURTHER_CELLS, MUTANTS, type Mutant } from './mutants.js';
import { POSTGRES_CELLS, POSTGRES_MUTANTS } from './postgres-mutants.js';
import { STORE_CELLS, STORE_MUTANTS } from './store-mutants.js';
import { FURTHER_TIME_CELLS, TIME_CELLS, TIME_MUTANTS } from './time-mutants.js';

/** Mutants that belong together, and the cells that each of them is tried on. */
export interface KillTable {
  /** What is broken, as a sentence that the table follows. */
  readonly introduction: string;
  readonly mutants: readonly Mutant[];
  /** Each is named by a mutant. */
  readonly cells: readonly TestCell[];
  /** No mutant needs them; they show what slower kinds of tests notice. */
  readonly furtherCells: readonly TestCell[];
}

/** Of those that a job on one node can have, the ones that are about several. */
const OF_OWNERS: readonly string[] = ['M14', 'M15', 'M16'];

/** What a job with connectors of MQTT promises. */
export const JOB_KILLS: KillTable = {
  introduction: 'What a job promises whose messages come from MQTT and go there:',
  mutants: MUTANTS,
  cells: CELLS,
  furtherCells: FURTHER_CELLS,
};

/** What several nodes owe each other. */
export const CLUSTER_KILLS: KillTable = {
  introduction: 'What a job on several nodes rests on:',
  mutants: [...MUTANTS.filter(({ id }) => OF_OWNERS.includes(id)), ...CLUSTER_MUTANTS],
  cells: CLUSTER_CELLS,
  furtherCells: FURTHER_CLUSTER_CELLS,
};

/** What a store owes who has committed. */
export const STORE_KILLS: KillTable = {
  introduction: 'What a store in a directory rests on, a log with a view behind it:',
  mutants: STORE_MUTANTS,
  cells: STORE_CELLS,
  furtherCells: [],
};

/** The rules of the sink and of the sources of a database. */
export const POSTGRES_KILLS: KillTable = {
  introduction: 'What the sink and the sources of PostgreSQL rest on:',
  mutants: POSTGRES_MUTANTS,
  cells: POSTGRES_CELLS,
  furtherCells: [],
};

/** The rules of timers, event time and windows. */
export const TIME_KILLS: KillTable = {
  introduction: 'What timers, event time and windows rest on:',
  mutants: TIME_MUTANTS,
  cells: TIME_CELLS,
  furtherCells: FURTHER_TIME_CELLS,
};

/** What items are put together with: rows of tables, and those of other streams. */
export const JOIN_KILLS: KillTable = {
  introduction: 'What tables, joins of two streams and sessions rest on:',
  mutants: JOIN_MUTANTS,
  cells: JOIN_CELLS,
  furtherCells: [],
};

/** All there are. */
export const KILL_TABLES: readonly KillTable[] = [
  JOB_KILLS,
  CLUSTER_KILLS,
  STORE_KILLS,
  POSTGRES_KILLS,
  TIME_KILLS,
  JOIN_KILLS,
];
