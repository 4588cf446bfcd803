import { MillraceError } from '../../errors/millrace-error.js';
import { isHopeless } from './connecting-error.js';
import { type SqlFacts, sqlFacts, textOf } from './sql-facts.js';

/**
 * What an error of a statement says about what to do. `away`: the same may pass later, nothing is wrong with the rows. `row`: one of the
 * rows cannot pass. `fatal`: it cannot pass before somebody changes the database or the options. `unclear`: an extension that refuses a
 * value, or the server's own fault.
 */
export type SqlErrorKind = 'away' | 'row' | 'fatal' | 'unclear';

/** By code first, then by class. What is not here is a code of somebody's trigger or function. */
const KINDS: Readonly<Record<string, SqlErrorKind>> = {
  // no connection, a transaction that was ended or may not write, a conflict, no room, a lock, an operator, a disk, another server
  '08': 'away',
  '25': 'away',
  '26': 'away',
  '40': 'away',
  '53': 'away',
  '55': 'away',
  '57': 'away',
  '58': 'away',
  '72': 'away',
  F0: 'away',
  HV: 'away',
  XX: 'away',
  XX000: 'unclear',
  // data, constraints, a key twice in one statement, a view's check, a trigger's RAISE, an index row that is too large
  '21': 'row',
  '22': 'row',
  '23': 'row',
  '44': 'row',
  P0: 'row',
  '54': 'row',
  '38': 'row',
  '39': 'row',
  // not there, not allowed, not possible
  '0A': 'fatal',
  '0L': 'fatal',
  '0P': 'fatal',
  '28': 'fatal',
  '3D': 'fatal',
  '3F': 'fatal',
  '42': 'fatal',
  // a view that takes no rows, a table whose publication needs an identity
  '55000': 'fatal',
};

/** Where a code has two meanings, the function of the server that says it: more values than a
 * statement has parameters beside a fault of a connection, a row against a policy, a table that was changed meanwhile. */
const ROUTINES: Readonly<Record<string, SqlErrorKind>> = {
  '08P01 exec_bind_message': 'row',
  '42501 ExecWithCheckOptions': 'row',
  '0A000 RevalidateCachedQuery': 'away',
};

/** Of an error that a statement of rows, or its connection, ended with. A code that nobody knows is of a row: triggers have them. */
export const sqlErrorKind = (error: unknown): SqlErrorKind => {
  const facts = sqlFacts(error);
  if (facts !== undefined) return kindOf(error, facts) ?? 'row';
  if (error instanceof MillraceError) return error.retryable ? 'away' : 'fatal';
  return isHopeless(error) ? 'fatal' : 'away';
};

/** Of an error of the server. Undefined: its code is nobody's that is known here. */
export const kindOf = (error: unknown, { code }: SqlFacts): SqlErrorKind | undefined =>
  ROUTINES[`${code} ${textOf(error, 'routine')}`] ?? KINDS[code] ?? KINDS[code.slice(0, 2)];
