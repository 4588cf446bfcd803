import type { MillraceError } from '../../../errors/millrace-error.js';

/** Whom the loop that writes rows tells: the writer that an engine drives. */
export interface LoopOwner {
  /** There may be room, progress, or something to commit. */
  changed(): void;
  /** Nothing will be written any more. */
  failed(error: MillraceError): void;
}
