/** How to reach a database. Whatever is left out is as with `pg`: its variables of the environment, then its defaults. */
export interface PostgresConnectionOptions {
  /** Name or address, or the folder of a Unix socket. Default localhost. */
  readonly host?: string;
  /** Default 5432. */
  readonly port?: number;
  /** Default: the user's name. */
  readonly database?: string;
  /** Default: that of the process. */
  readonly user?: string;
  /** Or a function that gives it, asked at each connect. In no error and no log. */
  readonly password?: string | (() => string | Promise<string>);
  /** `true`, or options of `node:tls`. Default: no TLS. */
  readonly ssl?: boolean | Readonly<Record<string, unknown>>;
  /** As the server lists the connection. Default `millrace`. */
  readonly applicationName?: string;
}

/** A URL (`postgres://user:password@host:5432/database`), or its parts. */
export type PostgresConnection = string | PostgresConnectionOptions;

/** The place alone, for errors and diagnostics: no user, no password, no options. */
export const placeOf = (connection: PostgresConnection): string => {
  if (typeof connection !== 'string') {
    const { host = 'localhost', port = 5432, database } = connection;
    return `${host}:${port}${database === undefined ? '' : `/${database}`}`;
  }
  if (!URL.canParse(connection)) return 'the database';
  const { host, pathname } = new URL(connection);
  return `${host === '' ? 'localhost' : host}${pathname}`;
};
