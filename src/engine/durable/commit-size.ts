import { MillraceError } from '../../errors/millrace-error.js';

/** @throws MillraceError MESSAGE_TOO_LARGE for what no commit can have */
export const checkCommitSize = (bytes: number, maxBytes: number): void => {
  if (bytes > maxBytes) throw tooLarge(bytes, maxBytes);
};

const tooLarge = (bytes: number, maxBytes: number): MillraceError =>
  new MillraceError(
    'MESSAGE_TOO_LARGE',
    `an input, with the states and calls that it leads to, makes a commit of ${bytes} bytes; the store takes ${maxBytes}`,
    {
      advice:
        'Keep large messages out (maximumPacketSize of the source), keep smaller states, or let one input change fewer of them. The job stops at this input until then.',
      details: { bytes, maxBytes },
    },
  );
