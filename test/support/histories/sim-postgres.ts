import type { QueryResult, SqlStatements } from '../../../src/postgres/connection/database-client.js';
import { POSITION_MOVED } from '../../../src/postgres/sink/position/position-sql.js';

/** What is durable. */
interface State {
  readonly rows: readonly number[];
  /** The one row of the table of positions, by column, as text. */
  readonly position: Readonly<Record<string, string>> | undefined;
}

/** How a connection ends at a statement: before the server has seen it, or before its answer. */
export type Cut = 'before' | 'after';

/** A statement of rows, as the simulated server knows it. */
export const rowsSql = (numbers: readonly number[]): string => `ROWS ${JSON.stringify(numbers)}`;

const POSITION_TEXT = /identity = '([^']*)', epoch = (\d+), token = '([^']*)', seq = (\d+), refused = '([^']*)'/;
const NEW_POSITION = /VALUES \('[^']*', '[^']*', '([^']*)', (\d+), '([^']*)', (\d+), '([^']*)'/;
const MOVE = /SET seq = (\d+), refused = '([^']*)'.*epoch = (\d+) AND token = '([^']*)' AND seq = (\d+)/;

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

  /** Statements on one connection, which `cutAt` is asked about: one that is cut fails from there on. */
  session(cutAt: (text: string) => Cut | undefined): SqlStatements {
    let staged: State | undefined;
    let isCut = false;
    const run = async (text: string): Promise<readonly QueryResult[]> => {
      const cut = isCut ? 'before' : cutAt(text);
      isCut ||= cut !== undefined;
      if (cut === 'before') throw new Error('the connection is gone');
      const results: QueryResult[] = [];
      // an error leaves the transaction to a ROLLBACK; what was cut in it, to nobody
      for (const statement of text.split('; ')) {
        const was = staged ?? this.state;
        const { state, result } = this.#apply(was, statement);
        if (statement.startsWith('BEGIN')) staged = was;
        else if (statement === 'COMMIT') {
          this.state = was;
          staged = undefined;
        } else if (statement === 'ROLLBACK') staged = undefined;
        else if (staged === undefined) this.state = state;
        else staged = state;
        results.push(result);
      }
      if (cut === 'after') throw new Error('the connection is gone');
      return results;
    };
    return { run, query: async () => Promise.reject(new Error('the simulated server has no parameters')) };
  }

  #apply(state: State, statement: string): { readonly state: State; readonly result: QueryResult } {
    if (statement.includes('to_regclass')) return { state, result: resultOf([{ name: 'there' }]) };
    if (statement.includes('FOR UPDATE')) {
      return { state, result: resultOf(state.position === undefined ? [] : [state.position]) };
    }
    if (statement.startsWith('ROWS ')) return { state: this.#insert(state, statement), result: resultOf([]) };
    const move = MOVE.exec(statement);
    if (statement.startsWith('WITH moved') && move !== null) return { state: moved(state, move), result: resultOf([]) };
    const position = POSITION_TEXT.exec(statement) ?? NEW_POSITION.exec(statement);
    if (position === null) return { state, result: resultOf([]) };
    return { state: { ...state, position: positionOf(position) }, result: { ...resultOf([]), rowCount: 1 } };
  }

  #insert(state: State, statement: string): State {
    const numbers: number[] = JSON.parse(statement.slice('ROWS '.length));
    if (numbers.some(this.#isBad)) {
      throw Object.assign(new Error('violates check constraint "good"'), { code: '23514', severity: 'ERROR' });
    }
    return { ...state, rows: [...state.rows, ...numbers] };
  }
}

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
  if (position?.epoch !== epoch || position?.token !== token || position?.seq !== from) {
    throw Object.assign(new Error(`invalid input syntax for type integer: "${POSITION_MOVED}"`), {
      code: '22P02',
      severity: 'ERROR',
    });
  }
  return { ...state, position: { ...position, seq: to, refused } };
};
