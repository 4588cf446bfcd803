import type pg from 'pg';
import { MillraceError } from '../../errors/millrace-error.js';

/** What is used of the package. */
export type PgModule = Pick<typeof pg, 'Client'>;

/** Loads `pg` when it is needed first: whoever uses no database has not to install it. @throws MillraceError UNSUPPORTED without it */
export const loadPg = async (): Promise<PgModule> => {
  try {
    const { default: module } = await import('pg');
    return module;
  } catch (cause) {
    throw new MillraceError('UNSUPPORTED', 'millrace/postgres needs the package "pg", which cannot be loaded', {
      cause,
      advice: 'Install it: npm install pg',
    });
  }
};
