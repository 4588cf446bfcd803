import type { QueryResult, SqlStatements, Statement } from '../../../src/postgres/connection/database-client.js';

/** What is durable. */
interface State {
  readonly rows: readonly number[];
  /** The one row of the table of positions, by column, as text. */
  readonly position: Readonly<Record<string, string>> | undefined;
}

/** A connection ends before the server has seen what is sent, or before its answer; or the first of several statements is cancelled. */
export type Fault = 'before' | 'after' | 'cancelled';

/** A statement of rows behind the move with this key, as the simulated server knows it. */
export const rowsStatement = (numbers: readonly number[], key: string): Statement => ({
  text: `ROWS ${JSON.stringify(numbers)} BEHIND ${key}`,
  values: [],
});

const POSITION_TEXT = /identity = '([^']*)', epoch = (\d+), token = '([^']*)', seq = (\d+), refused = '([^']*)'/;
const NEW_POSITION = /VALUES \('[^']*', '[^']*', '([^']*)', (\d+), '([^']*)', (\d+), '([^']*)'/;
const MOVE_KEY = /set_config\('[^']*', '([^']*)', true\)/;
const ROWS = /^ROWS (\[.*\]) BEHIND (.*)$/;
const MOVE = /SET seq = (\d+), refused = '([^']*)'.*epoch = (\d+) AND token = '([^']*)' AND seq = (\d+)/;

/** What a statement comes to. */
interface Applied {
  readonly state: State;
  readonly result: QueryResult;
  readonly key: string | undefined;
}

/** A transaction under way. */
interface Staged {
  readonly state: State;
  /** The key of the move that was made in it. */
  readonly key: string | undefined;
  readonly isAborted: boolean;
}

/**
 * A server with a table of numbers and one of positions, which knows the statements of `position-sql.ts` by their text. Transactions run one
 * after another; a connection that is cut in one has changed nothing.
 */
export class SimPostgres {
  state: State = { rows: [], position: undefined };
  /** Rows that it refuses. */
  readonly #isBad: (number: number) => boolean;

  constructor(isBad: (number: number) => boolean) {
    this.#isBad = isBad;
  }

  /** Statements on one connection. `faultAt` is asked about each round trip: one that is cut fails from there on, one may be cancelled. */
  session(faultAt: () => Fault | undefined): SqlStatements {
    const connection = new SimConnection(this, this.#isBad);
    let isCut = false;
    const roundTrip = async <R>(work: () => R): Promise<R> => {
      const fault = isCut ? 'before' : faultAt();
      isCut ||= fault === 'before' || fault === 'after';
      if (fault === 'before') throw new Error('the connection is gone');
      if (fault === 'cancelled') connection.cancelNext();
      const results = work();
      if (fault === 'after') throw new Error('the connection is gone');
      return results;
    };
    return {
      run: (text) => roundTrip(() => connection.run(text)),
      runAll: (statements) => roundTrip(() => connection.runAll(statements.map(({ text }) => text))),
      query: async () => Promise.reject(new Error('the simulated server has no parameters')),
    };
  }
}

/** What a server does for one connection. */
class SimConnection {
  readonly #server: SimPostgres;
  readonly #isBad: (number: number) => boolean;
  #staged: Staged | undefined;
  #isCancelled = false;

  constructor(server: SimPostgres, isBad: (number: number) => boolean) {
    this.#server = server;
    this.#isBad = isBad;
  }

  /** The next statement fails before it has begun. */
  cancelNext(): void {
    this.#isCancelled = true;
  }

  run(text: string): readonly QueryResult[] {
    try {
      return text.split('; ').map((statement) => this.#one(statement));
    } catch (error) {
      if (this.#staged !== undefined) this.#staged = { ...this.#staged, isAborted: true };
      throw error;
    }
  }

  /** All are sent before the first is answered: what stands behind a failure is run as well. */
  runAll(texts: readonly string[]): void {
    const failures: unknown[] = [];
    for (const text of texts) {
      try {
        this.run(text);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  #one(statement: string): QueryResult {
    if (this.#isCancelled) {
      this.#isCancelled = false;
      throw serverError('57014', 'canceling statement due to user request');
    }
    if (statement === 'COMMIT' || statement === 'ROLLBACK') return this.#end(statement);
    const staged = this.#staged;
    if (staged?.isAborted === true) throw serverError('25P02', 'current transaction is aborted');
    const was = staged?.state ?? this.#server.state;
    if (statement.startsWith('BEGIN')) {
      this.#staged = { state: was, key: undefined, isAborted: false };
      return resultOf([]);
    }
    const { state, result, key } = this.#apply(was, statement, staged?.key);
    if (staged === undefined) this.#server.state = state;
    else this.#staged = { state, key, isAborted: false };
    return result;
  }

  #end(statement: string): QueryResult {
    const staged = this.#staged;
    this.#staged = undefined;
    if (statement === 'COMMIT' && staged !== undefined && !staged.isAborted) this.#server.state = staged.state;
    return resultOf([]);
  }

  #apply(state: State, statement: string, key: string | undefined): Applied {
    if (statement.includes('to_regclass')) return { state, key, result: resultOf([{ name: 'there' }]) };
    if (statement.includes('FOR UPDATE')) {
      return { state, key, result: resultOf(state.position === undefined ? [] : [state.position]) };
    }
    if (statement.startsWith('ROWS ')) return { state: this.#insert(state, statement, key), key, result: resultOf([]) };
    const move = MOVE.exec(statement);
    if (statement.startsWith('WITH moved') && move !== null) {
      return { state: moved(state, move), key: MOVE_KEY.exec(statement)?.[1], result: resultOf([]) };
    }
    const position = POSITION_TEXT.exec(statement) ?? NEW_POSITION.exec(statement);
    if (position === null) return { state, key, result: resultOf([]) };
    return { state: { ...state, position: positionOf(position) }, key, result: { ...resultOf([]), rowCount: 1 } };
  }

  #insert(state: State, statement: string, key: string | undefined): State {
    const [, list = '[]', behind] = ROWS.exec(statement) ?? [];
    if (behind !== key) return state;
    const numbers: number[] = JSON.parse(list);
    if (numbers.some(this.#isBad)) throw serverError('23514', 'violates check constraint "good"');
    return { ...state, rows: [...state.rows, ...numbers] };
  }
}

const serverError = (code: string, message: string): Error =>
  Object.assign(new Error(message), { code, severity: 'ERROR' });

const resultOf = (rows: QueryResult['rows']): QueryResult => ({ command: '', rowCount: rows.length, rows });

const positionOf = ([, identity = '', epoch = '', token = '', seq = '', refused = '']: RegExpExecArray) => ({
  identity,
  epoch,
  token,
  seq,
  refused,
});

const moved = (state: State, [, to = '', refused = '', epoch, token, from]: RegExpExecArray): State => {
  const { position } = state;
  if (position?.epoch === epoch && position?.token === token && position?.seq === from) {
    return { ...state, position: { ...position, seq: to, refused } };
  }
  throw serverError('22P02', `invalid input syntax for type integer: "millrace_position_moved ${token}"`);
};
