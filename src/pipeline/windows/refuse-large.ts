import { MillraceError } from '../../errors/millrace-error.js';
import type { WindowState } from './window-state.js';

/** All that a key has is written at once where its parts are made anew, and a commit has that of several keys. */
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * A key whose windows were larger when they were stored last takes no further item: so they end, and are told, before no commit could have them.
 * @throws MillraceError MESSAGE_TOO_LARGE: the stage has failed at the item
 */
export const refuseLarge = ({ storedBytes }: WindowState): void => {
  if (storedBytes > MOST_BYTES) throw tooLarge(storedBytes);
};

const tooLarge = (bytes: number): MillraceError =>
  new MillraceError(
    'MESSAGE_TOO_LARGE',
    `the open windows of the key have ${bytes} bytes, of which ${MOST_BYTES} are the most`,
    {
      advice:
        'Aggregate to less than all items, take smaller windows, or give the stage onError: what the windows have so far is told when they end.',
      details: { bytes, maxBytes: MOST_BYTES },
    },
  );
