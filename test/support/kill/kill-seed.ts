/** The seed of a test run: SEED, or another one each time. Print it. */
export const killSeed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
