import { createHash } from 'node:crypto';
import type { RunningJob } from '../../engine/job/running-job.js';

/** A file that a job appends its dead letters to. */
export interface LetterFile {
  /** Tells it from others, and its path to nobody. */
  readonly id: string;
  readonly job: string;
  readonly path: string;
}

/** Of how many it is told. */
const MOST_FILES = 64;

/** The files of the jobs that have not ended. */
export const letterFilesOf = (jobs: readonly Pick<RunningJob, 'name' | 'plan'>[]): readonly LetterFile[] =>
  jobs
    .flatMap(({ name, plan }) =>
      plan.parts.flatMap(({ letterFile }) =>
        letterFile === undefined ? [] : [{ id: idOf(letterFile), job: name, path: letterFile }],
      ),
    )
    .slice(0, MOST_FILES);

const idOf = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 16);
