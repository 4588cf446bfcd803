import { MillraceError } from '../../errors/millrace-error.js';
import type { ProcessingGuarantee } from '../processing-guarantee.js';

/** What a source of the user's own can promise depends on. */
export interface BuilderFacts {
  /** For the error. */
  readonly name: string;
  /** A batch can be read from its beginning again, a stream cannot. */
  readonly kind: 'stream' | 'batch';
  /** It has `createSnapshotFn` and `restoreSnapshotFn`, and, where that is known, a job with a store. */
  readonly keepsState: boolean;
}

/** Why such a source cannot give the guarantee, with the ways out; undefined when it can. */
export const refuseBuilder = (
  { name, kind, keepsState }: BuilderFacts,
  guarantee: ProcessingGuarantee,
): MillraceError | undefined => {
  if (guarantee === 'none' || keepsState) return undefined;
  if (kind === 'batch' && guarantee === 'at-least-once') return undefined;
  const why =
    kind === 'batch'
      ? 'is read from its beginning again after a crash'
      : 'cannot give again what was in flight at a crash';
  return new MillraceError('GUARANTEE_UNSUPPORTED', `source "${name}" ${why}, so it cannot be ${guarantee}`, {
    advice: `${WAY_OUT} the guarantee ${kind === 'batch' ? 'at-least-once' : 'none'}.`,
    details: { source: name, guarantee },
  });
};

const WAY_OUT =
  'Give it createSnapshotFn and restoreSnapshotFn and run the job in Engine.embedded({ dir }), implement SourceDefinition, or use';
