const { SEED } = process.env;

/** What random tests begin with: SEED; undefined where each run draws its own. */
export const givenSeed = SEED === undefined ? undefined : Number(SEED);
