import { MillraceError } from '../../errors/index.js';

export const bucketGone = (location: string): MillraceError =>
  new MillraceError('STORE_CORRUPT', `${location} is gone`, {
    advice:
      'Somebody removed it. The logs have all that was acknowledged; docs/cluster.md says how the claims are made anew. Stop all nodes first.',
  });

export const foreignBucket = (location: string, differences: readonly string[]): MillraceError =>
  new MillraceError('STORE_CORRUPT', `${location} is not as Millrace makes it: ${differences.join(', ')}`, {
    advice:
      'Remove it if it is not of a job, and use an account of its own for Millrace; otherwise put its configuration back.',
    details: { differences },
  });
