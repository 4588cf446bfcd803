import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PermanentError } from '../../../../src/errors/permanent-error.js';
import { sqlError } from '../../../../src/postgres/sql/sql-error.js';
import { sqlErrorKind } from '../../../../src/postgres/sql/sql-error-kind.js';
import { sqlFacts } from '../../../../src/postgres/sql/sql-facts.js';

/** As `pg` has it. */
const serverError = (code: string, message: string, routine = 'f'): Error =>
  Object.assign(new Error(message), { code, severity: 'ERROR', routine });

describe('an error of PostgreSQL', () => {
  it('shows no value, in whatever language the server speaks', () => {
    const messages = {
      'value "12345" is out of range for type integer': 'value … is out of range for type integer',
      '"1e999" is out of range for type double precision': '… is out of range for type double precision',
      'invalid input syntax for type integer: "12a"': 'invalid input syntax for type integer',
      'ungültige Eingabesyntax für Typ integer: »12a«': 'ungültige Eingabesyntax für Typ integer',
      'Wert »12345« ist außerhalb des gültigen Bereichs für Typ integer':
        'Wert … ist außerhalb des gültigen Bereichs für Typ integer',
      'la valeur « 12345 » est en dehors des limites du type integer':
        'la valeur … est en dehors des limites du type integer',
    };
    for (const [given, shown] of Object.entries(messages))
      assert.equal(sqlFacts(serverError('22003', given))?.message, shown);
  });

  it('keeps names, and is no longer than it is worth keeping', () => {
    const named = 'new row for relation "t" violates check constraint "t_n_check"';
    assert.equal(sqlFacts(serverError('23514', named))?.message, named);
    const long = sqlFacts(serverError('P0001', `x${'\u{1f600}'.repeat(10_000)}`))?.message ?? '';
    assert.ok(long.length <= 1_000 && long.length > 900 && !/\p{Surrogate}/u.test(long));
  });

  it('is of a row, of the database, or passes, by its code and where that has two meanings by its place', () => {
    const kinds = {
      row: ['23505', '22P02', 'P0001', '20000', '27000', '45000', 'TS101'],
      away: ['08006', '25006', '40001', '40P01', '53100', '53200', '55P03', '57014', '57P01', '58030', 'XX001'],
      fatal: ['42P01', '42501', '28P01', '3D000', '0A000', '55000'],
      unclear: ['XX000'],
    };
    for (const [kind, codes] of Object.entries(kinds)) {
      for (const code of codes) assert.equal(sqlErrorKind(serverError(code, 'x')), kind, code);
    }
    assert.equal(sqlErrorKind(serverError('08P01', 'x', 'exec_bind_message')), 'row');
    assert.equal(sqlErrorKind(serverError('42501', 'x', 'ExecWithCheckOptions')), 'row');
    assert.equal(sqlErrorKind(serverError('0A000', 'x', 'RevalidateCachedQuery')), 'away');
  });

  it('of a table that is not there says what a dot in its name is, as in public.readings', () => {
    const { code, advice } = sqlError(serverError('42P01', 'relation "public.readings" does not exist'), 'sink "x"');
    assert.equal(code, 'INVALID_OPTIONS');
    assert.match(advice ?? '', /A dot is part of the name/);
  });

  it('may pass while connecting when a pooler has a code of its own', () => {
    assert.equal(sqlError(serverError('ZZ123', 'no server'), 'x').retryable, true);
  });
});

describe('an error of connecting', () => {
  const codeOf = (error: unknown) => sqlError(error, 'sink "x"').code;

  it('may pass when the function of the password was cut off, not when it has a mistake or says so', () => {
    assert.equal(codeOf(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') })), 'CONNECTION_LOST');
    assert.equal(codeOf(new TypeError('x is not a function')), 'INVALID_OPTIONS');
    assert.equal(codeOf(new PermanentError('no such secret')), 'BAD_CREDENTIALS');
  });

  it('cannot pass when a file of certificates is not there, and can when a socket is not', () => {
    const missing = (syscall: string) => Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall });
    assert.equal(codeOf(missing('open')), 'INVALID_OPTIONS');
    assert.equal(codeOf(missing('connect')), 'CONNECTION_LOST');
  });
});
