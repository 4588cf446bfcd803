import { invalidOptions } from '../../internal/options/invalid-options.js';
import { must } from '../../internal/options/option-checks.js';

/** Whether PostgreSQL takes a text: it has none with U+0000, and half a surrogate pair would be another one. */
export const isSqlText = (text: string): boolean => !/[\0\p{Surrogate}]/u.test(text);

/** A name, or SQL. */
export const sqlText = must(
  'a string that is not empty and has no U+0000 and no half of a surrogate pair',
  (value) => typeof value === 'string' && value !== '' && isSqlText(value),
);

/** The name of a job stands in the database as well. @throws MillraceError INVALID_OPTIONS for one that cannot */
export const requireSqlText = (what: string, name: string): void => {
  const problems = sqlText(name, what);
  if (problems.length > 0) throw invalidOptions('a part with a database', problems);
};
