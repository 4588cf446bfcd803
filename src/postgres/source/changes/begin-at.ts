import type { OpenContext } from '../../../connector/open-context.js';

/** What the store has of the first start. */
interface BeginRecord {
  readonly version: 1;
  /** The newest value then; undefined: the table was empty, or all is to be given. */
  readonly after: string | undefined;
}

/**
 * Behind which value a source begins that no commit has anything of. With a store it is found out once: until the first commit each start
 * begins there, so that no row between is left out.
 */
export const beginAt =
  (startAt: 'beginning' | 'end', { durable }: OpenContext) =>
  async (newest: () => Promise<string | undefined>): Promise<string | undefined> => {
    if (startAt === 'beginning') return undefined;
    const record = durable?.record('changes');
    // put below, and by nobody else
    const known = record?.value as BeginRecord | undefined;
    if (known !== undefined) return known.after;
    const after = await newest();
    await record?.put({ version: 1, after } satisfies BeginRecord);
    return after;
  };
