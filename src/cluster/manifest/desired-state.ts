import type { ErrorCode } from '../../errors/index.js';

/** What a job is to do, on all its nodes. `failed`: one of them could not go on, and neither could another. */
export type DesiredState =
  | { readonly status: 'running' | 'suspended' | 'completed' | 'cancelled' }
  | { readonly status: 'failed'; readonly error: { readonly code: ErrorCode; readonly message: string } };
