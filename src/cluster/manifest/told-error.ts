import { type ErrorCode, MillraceError } from '../../errors/index.js';

/** What a node tells the others of the error that it failed with. */
export interface ToldError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice?: string | undefined;
}

export const toldOf = ({ code, message, advice }: MillraceError): ToldError => ({ code, message, advice });

export const errorOf = ({ code, message, advice }: ToldError): MillraceError =>
  new MillraceError(code, message, advice === undefined ? {} : { advice });
