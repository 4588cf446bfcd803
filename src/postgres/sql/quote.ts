/** A name as SQL has it, whatever it is: no table or column name can say more than a name. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** `schema.table` or a table alone, by its parts. */
export const quoteTable = ({ schema, table }: TableName): string =>
  schema === undefined ? quoteName(table) : `${quoteName(schema)}.${quoteName(table)}`;

/** A text as a literal; the session has `standard_conforming_strings`. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A table in its schema; without one the search path decides. */
export interface TableName {
  /** Undefined: the search path decides. */
  readonly schema?: string | undefined;
  /** As it is in the database, unquoted. */
  readonly table: string;
}
