import type { Overlay } from '../layout/overlay.js';
import type { Undoable } from './unit.js';

/** Something of a durable job whose changes go into the commit of the tick that made them: state of stages, pending calls. */
export interface CommitPart extends Undoable {
  /** Whether the next commit has something of it. */
  readonly changed: boolean;
  /** Bytes of what changed, roughly, for the bound. */
  readonly changedBytes: number;
  /** Puts what changed since the last seal into the overlay. @throws MillraceError when it cannot be stored: the tick is spoilt then */
  sealInto(overlay: Overlay): void;
  /** What was sealed is durable. */
  committed(): void;
}
