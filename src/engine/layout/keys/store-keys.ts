import { namePart as part } from './key-text.js';

/**
 * Where things are in the store of a job, but for what stages have there.
 * @throws MillraceError INVALID_OPTIONS for a name that no key can have
 */
export const storeKeys = {
  /** What the job is made of. */
  job: 'job',
  /** There after a run that lost work to a failing item, until a later one has come far enough. */
  careful: 'careful',
  /** Which sinks were open once. */
  reached: 'reached',
  /** How far event time has come. */
  eventTimes: 'time',
  source: (source: string): string => `source/${part(source)}`,
  /** All pages of a source begin with it. */
  pages: (source: string): string => `page/${part(source)}/`,
  page: (source: string, page: string): string => `page/${part(source)}/${part(page)}`,
  record: (port: string, name: string): string => `record/${part(port)}/${part(name)}`,
  /** Names of all outboxes begin with it. */
  outboxes: 'outbox/',
  /** Above all of them. */
  outboxesEnd: 'outbox0',
  outbox: (sink: string, outbox: string): string => `outbox/${part(sink)}/${part(outbox)}`,
  /**
   * All chunks of an outbox begin with it. The rows of a commit stand under the seq of the last of them (`numberKey`): the first key at or
   * above a seq is the chunk that has it.
   */
  chunks: (sink: string, outbox: string): string => `rows/${part(sink)}/${part(outbox)}/`,
} as const;
