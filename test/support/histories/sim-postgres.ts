import type { QueryResult, SqlStatements, Statement } from '../../../src/postgres/connection/database-client.js';

/** What is durable. */
interface State {
  readonly rows: readonly number[];
  /** The one row of the table of positions, by column, as text. */
  readonly position: Readonly<Record<string, string>> | undefined;
}

/**
 * A connection ends before the server has seen what is sent, or before its answer; or the server does what is sent when the connection was
 * long given up; or the first of several statements is cancelled.
 */
export type Fault = 'before' | 'after' | 'late' | 'cancelled';

/** A statement of rows with the values of its move, as the simulated server knows it. */
export const rowsStatement = (numbers: readonly number[], move: readonly unknown[]): Statement => ({
  text: 'ROWS',
  values: [...move, JSON.stringify(numbers)],
});

const POSITION_TEXT = /identity = '([^']*)', epoch = (\d+), token = '([^']*)', seq = (\d+), refused = '([^']*)'/;
const NEW_POSITION = /VALUES \('[^']*', '[^']*', '([^']*)', (\d+), '([^']*)', (\d+), '([^']*)'/;
/** What a statement comes to. */
interface Applied {
  readonly state: State;
  readonly result: QueryResult;
}

/** A transaction under way. */
interface Staged {
  readonly state: State;
  readonly isAborted: boolean;
}

/**
 * A server with a table of numbers and one of positions, which knows the statements of `position-sql.ts` by their text and values.
 * Transactions run one after another; a connection that is cut in one has changed nothing.
 */
export class SimPostgres {
  state: State = { rows: [], position: undefined };
  /** Rows that it refuses. */
  readonly #isBad: (number: number) => boolean;

  constructor(isBad: (number: number) => boolean) {
    this.#isBad = isBad;
  }

  /** How much `arrive` has done. */
  late = 0;
  readonly #underWay: (() => void)[] = [];

  /** What was sent on connections that are given up is done now, in its order. */
  arrive(): void {
    for (const statement of this.#underWay.splice(0)) {
      this.late += 1;
      try {
        statement();
      } catch {
        // there is nobody to be told
      }
    }
  }

  /** Statements on one connection. `faultAt` is asked about each: one that is cut fails from there on, one may be cancelled. */
  session(faultAt: () => Fault | undefined): SqlStatements {
    const connection = new SimConnection(this, this.#isBad);
    let cut: Fault | undefined;
    const send = async <R>(work: () => R): Promise<R> => {
      const fault = cut ?? faultAt();
      if (fault === 'cancelled') connection.cancelNext();
      else cut = fault;
      // a transaction that holds the lock of the position cannot be overtaken
      if (fault === 'late' && !connection.isInTransaction) this.#underWay.push(work);
      if (fault === 'before' || fault === 'late') throw new Error('the connection is gone');
      const result = work();
      if (fault === 'after') throw new Error('the connection is gone');
      return result;
    };
    return {
      run: (text) => send(() => connection.run(text)),
      query: ({ text, values }) => send(() => connection.query(text, values)),
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

  get isInTransaction(): boolean {
    return this.#staged !== undefined;
  }

  run(text: string): readonly QueryResult[] {
    return this.#guarded(() => text.split('; ').map((statement) => this.#one(statement, [])));
  }

  query(text: string, values: readonly unknown[]): QueryResult {
    return this.#guarded(() => this.#one(text, values));
  }

  #guarded<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      if (this.#staged !== undefined) this.#staged = { ...this.#staged, isAborted: true };
      throw error;
    }
  }

  #one(statement: string, values: readonly unknown[]): QueryResult {
    if (this.#isCancelled) {
      this.#isCancelled = false;
      throw serverError('57014', 'canceling statement due to user request');
    }
    if (statement === 'COMMIT' || statement === 'ROLLBACK') return this.#end(statement);
    const staged = this.#staged;
    if (staged?.isAborted === true) throw serverError('25P02', 'current transaction is aborted');
    const was = staged?.state ?? this.#server.state;
    if (statement.startsWith('BEGIN')) {
      this.#staged = { state: was, isAborted: false };
      return resultOf([]);
    }
    const { state, result } = this.#apply(was, statement, values);
    if (staged === undefined) this.#server.state = state;
    else this.#staged = { state, isAborted: false };
    return result;
  }

  #end(statement: string): QueryResult {
    const staged = this.#staged;
    this.#staged = undefined;
    if (statement === 'COMMIT' && staged !== undefined && !staged.isAborted) this.#server.state = staged.state;
    return resultOf([]);
  }

  #apply(state: State, statement: string, values: readonly unknown[]): Applied {
    if (statement.includes('to_regclass')) return { state, result: resultOf([{ name: 'there' }]) };
    if (statement.includes('FOR UPDATE')) {
      return { state, result: resultOf(state.position === undefined ? [] : [state.position]) };
    }
    if (statement === 'ROWS') return { state: this.#insert(moved(state, values), values), result: resultOf([]) };
    if (statement.startsWith('WITH millrace_moved')) return { state: moved(state, values), result: resultOf([]) };
    const position = POSITION_TEXT.exec(statement) ?? NEW_POSITION.exec(statement);
    if (position === null) return { state, result: resultOf([]) };
    return { state: { ...state, position: positionOf(position) }, result: { ...resultOf([]), rowCount: 1 } };
  }

  #insert(state: State, values: readonly unknown[]): State {
    const numbers: number[] = JSON.parse(String(values.at(-1)));
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

/** By the values of `moveValues`. */
const moved = (state: State, [from, to, refused, epoch, token]: readonly unknown[]): State => {
  const { position } = state;
  if (position?.epoch === String(epoch) && position.token === token && position.seq === String(from)) {
    return { ...state, position: { ...position, seq: String(to), refused: String(refused) } };
  }
  throw serverError('22P02', `invalid input syntax for type integer: "millrace_position_moved ${token}"`);
};
