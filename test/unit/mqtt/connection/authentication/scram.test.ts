import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { saslPrep } from '../../../../../src/mqtt/connection/authentication/sasl-prep.js';
import { ScramExchange, scramSha256 } from '../../../../../src/mqtt/connection/authentication/scram-sha-256.js';

const NONCE = 'rOprNGfwEbeRWgbNEkqO';
const QUESTION = `r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const ANSWER =
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
const PROOF = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const exchange = (): ScramExchange => new ScramExchange({ username: 'user', password: 'pencil' }, NONCE);

describe('SCRAM-SHA-256', () => {
  it('RFC 7677: answers as in the example, and takes its proof', async () => {
    const scram = exchange();
    assert.equal(String(scram.data), `n,,n=user,r=${NONCE}`);
    assert.equal(String(await scram.continue(bytes(QUESTION))), ANSWER);
    scram.finish(bytes(PROOF));
    scram.finish(bytes(`${PROOF},x=an extension`));
  });

  const questions: Readonly<Record<string, string>> = {
    'another nonce': QUESTION.replace(NONCE, 'mine'),
    'our nonce alone': `r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    'no salt': `r=${NONCE}x,s=,i=4096`,
    'too few iterations': QUESTION.replace('4096', '4095'),
    'iterations that would take minutes': QUESTION.replace('4096', '999999999'),
    'no number of iterations': QUESTION.replace('4096', '-1'),
    'an extension that must be understood': `m=x,${QUESTION}`,
    nothing: '',
    'ill-formed text': '\ufffd',
  };
  for (const [what, question] of Object.entries(questions)) {
    it(`refuses ${what} in the question`, async () => {
      await assert.rejects(exchange().continue(bytes(question)), { code: 'PROTOCOL_ERROR', retryable: false });
    });
  }

  it('is asked once, and believes no proof before it was asked', async () => {
    const scram = exchange();
    assert.throws(() => scram.finish(bytes(PROOF)), { code: 'BAD_CREDENTIALS' });
    await scram.continue(bytes(QUESTION));
    await assert.rejects(scram.continue(bytes(QUESTION)), { code: 'PROTOCOL_ERROR' });
  });

  it('tells the error that the server names, and no secret', async () => {
    const scram = new ScramExchange({ username: 'user', password: 'hunter2' }, NONCE);
    await assert.rejects(scram.continue(bytes('e=unknown-user')), { code: 'BAD_CREDENTIALS', message: /unknown-user/ });
    await scram.continue(bytes(QUESTION));
    for (const last of ['e=invalid-proof', PROOF, 'v=', '']) {
      assert.throws(
        () => scram.finish(bytes(last)),
        (error: Error) => {
          assert.doesNotMatch(JSON.stringify(error) + String(error.stack), /hunter2/);
          return true;
        },
      );
    }
  });

  it('escapes what the name may not have as it is, and has a new nonce for each exchange', async () => {
    assert.match(String(new ScramExchange({ username: 'a=b,c', password: 'p' }, NONCE).data), /^n,,n=a=3Db=2Cc,r=/);
    const { method, start } = scramSha256(async () => ({ username: 'u', password: 'p' }));
    const context = {
      clientId: 'c',
      server: 's',
      reauthentication: false,
      signal: AbortSignal.timeout(60_000),
      reauthenticate: () => {},
    };
    const first = await start(context);
    const second = await start(context);
    assert.equal(method, 'SCRAM-SHA-256');
    assert.notDeepEqual(first.data, second.data);
    assert.match(Buffer.from(first.data ?? []).toString(), /^n,,n=u,r=[A-Za-z0-9+/]{24}$/);
  });
});

describe('SASLprep', () => {
  it('RFC 4013: the examples', () => {
    assert.equal(saslPrep('I\u00adX', 'username'), 'IX');
    assert.equal(saslPrep('user', 'username'), 'user');
    assert.equal(saslPrep('USER', 'username'), 'USER');
    assert.equal(saslPrep('\u00aa', 'username'), 'a');
    assert.equal(saslPrep('\u2168', 'username'), 'IX');
    assert.throws(() => saslPrep('\u0007', 'username'), { code: 'INVALID_OPTIONS' });
    assert.throws(() => saslPrep('\u0627\u0031', 'username'), { code: 'INVALID_OPTIONS' });
  });

  it('one form for what looks the same, and nothing that must not be', () => {
    assert.equal(saslPrep('a\u00a0b\u3000c', 'password'), 'a b c');
    assert.equal(saslPrep('u\u0308', 'password'), 'ü');
    assert.equal(saslPrep('\u0627\u0628', 'password'), '\u0627\u0628');
    for (const text of ['', '\u00ad', '\ud800', '\ufffe', '\ue000', 'a\u202eb', '\u0627a\u0628', '\u{e0041}']) {
      assert.throws(() => saslPrep(text, 'password'), { code: 'INVALID_OPTIONS' }, JSON.stringify(text));
    }
    assert.throws(() => saslPrep(undefined as never, 'password'), { code: 'INVALID_OPTIONS' });
  });
});
