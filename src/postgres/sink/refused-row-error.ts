import { MillraceError } from '../../errors/millrace-error.js';

/** A row that the database would not have, as an error: by SQLSTATE and by what the server says without the value. */
export const refusedRowError = (sink: string, code: string, message: string): MillraceError =>
  new MillraceError('INVALID_MESSAGE', `sink "${sink}": PostgreSQL refused a row: ${message} (SQLSTATE ${code})`, {
    advice: 'Mend the item before the sink, or give the sink an onError.',
    details: { sink, sqlState: code },
  });
