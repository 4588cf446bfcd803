/** A row of the tables of `bench-postgres.ts`. */
export interface Reading {
  readonly id: number;
  readonly device: string;
  readonly at: Date;
  readonly value: number;
}

const BEGIN_MS = 1_700_000_000_000;

/** The reading with this number. */
export const readingOf = (id: number): Reading => ({
  id,
  device: `device-${id % 100}`,
  at: new Date(BEGIN_MS + id),
  value: ((id * 7919) % 1000) / 10,
});

/** In the order of the table. */
export const READING_COLUMNS = ['id', 'device', 'at', 'value'] as const;
