import { resolve } from 'node:path';
import type { DeadLetter } from '../../../connector/dead-letter.js';
import { defineSink } from '../../../connector/define-sink.js';
import type { Sink } from '../../../connector/sink.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { invalidOptions } from '../../../internal/options/invalid-options.js';
import { someText } from '../../../internal/options/option-checks.js';
import { openAppendFile } from './append-file.js';
import { FileWriter, storageError } from './file-writer.js';

/** See {@link DeadLetters}. */
export const fileSink = (path: string): Sink<DeadLetter> => {
  const problems = someText(path, 'path');
  if (problems.length > 0) throw invalidOptions('DeadLetters.file', problems);
  const full = resolve(path);
  const name = `dead letters ${path}`;
  return defineSink<DeadLetter>({
    name,
    claims: [`file ${full}`],
    refuse: () => undefined,
    onError: 'fail',
    letterFile: full,
    createWriter: async ({ signal }) => {
      if (signal.aborted) throw new MillraceError('ABORTED', `${name} was not opened: aborted`);
      try {
        return new FileWriter(await openAppendFile(full), full);
      } catch (error) {
        throw error instanceof MillraceError ? error : storageError(full, error);
      }
    },
  });
};
