import { MillraceError } from '../../errors/millrace-error.js';

/** @throws MillraceError MESSAGE_TOO_LARGE for what no commit can have */
export const checkCommitSize = (bytes: number, maxBytes: number): void => {
  if (bytes > maxBytes) throw tooLarge(bytes, maxBytes);
};

/**
 * The same of what any number of inputs have led to. Each alone may fit: states are weighed when they are encoded, so new ones that are large
 * are found out too late. So the error may pass, and the next run, which goes carefully, has a commit for each input.
 * @throws MillraceError MESSAGE_TOO_LARGE
 */
export const checkGathered = (bytes: number, maxBytes: number): void => {
  if (bytes > maxBytes) throw gatheredTooLarge(bytes, maxBytes);
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

const gatheredTooLarge = (bytes: number, maxBytes: number): MillraceError =>
  new MillraceError(
    'MESSAGE_TOO_LARGE',
    `several inputs, with the states and calls that they lead to, make a commit of ${bytes} bytes; the store takes ${maxBytes}`,
    {
      advice:
        'The next run takes inputs one by one, and stops at one that is too large by itself; where the job does not restart by itself (restart.maxAttempts), start it again. Smaller states spare it that.',
      retryable: true,
      details: { bytes, maxBytes },
    },
  );
