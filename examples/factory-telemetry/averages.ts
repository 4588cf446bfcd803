/** How many readings of a quantity of a machine an average is of. */
export const WINDOW = 4;

export interface Band {
  readonly low: number;
  readonly high: number;
}

export const averageOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const isWithin = (value: number, { low, high }: Band): boolean => value >= low && value <= high;
