import type { ServerResponse } from 'node:http';
import { MillraceError } from '../../errors/millrace-error.js';
import { answer, refuse } from '../answer.js';
import type { Route } from '../policy/routes.js';
import type { LetterAnswers } from './letter-answers.js';

/** Gives a payload as bytes of no type that is to be kept as a file: whatever a publisher chose, nothing shows or runs it. */
export const giveLetterPayload = async (
  letters: LetterAnswers,
  letter: Extract<Route, { kind: 'letter-payload' }>,
  response: ServerResponse,
): Promise<void> => {
  if (!letters.hold()) {
    refuse(response, 429, 'as many payloads are given as may be at once', { 'Retry-After': '1' });
    return;
  }
  response.once('close', () => letters.release());
  try {
    const payload = await letters.payload(letter);
    if (payload === undefined)
      refuse(response, 404, 'there is no such letter of a job that runs, or it has no payload');
    else answer(response, 200, { type: 'application/octet-stream', bytes: payload }, attachment(letter.offset));
  } catch (error) {
    refuse(response, 409, `${MillraceError.from(error).message}: see millrace dead-letters show`);
  }
};

const attachment = (offset: number) => ({ 'Content-Disposition': `attachment; filename="letter-${offset}.bin"` });
