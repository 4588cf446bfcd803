import type pg from 'pg';
import { loadPackage } from '../../internal/load-package.js';

/** What is used of the package. */
export type PgModule = Pick<typeof pg, 'Client'>;

/** Whoever uses no database has not to install it. @throws MillraceError UNSUPPORTED without it */
export const loadPg = (): Promise<PgModule> =>
  loadPackage('pg', 'millrace/postgres', async () => (await import('pg')).default);
