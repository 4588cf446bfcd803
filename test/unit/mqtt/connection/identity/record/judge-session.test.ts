import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  judgeSession,
  type SessionCase,
  type SessionQuestion,
} from '../../../../../../src/mqtt/connection/identity/record/judge-session.js';
import type { SessionRecord } from '../../../../../../src/mqtt/connection/identity/record/session-record.js';
import { wanted } from '../../../../../support/rigs/connection-rig.js';

const RECORD: SessionRecord = {
  epoch: 3,
  phase: 'established',
  connecting: true,
  lost: false,
  wentBack: false,
  droppedEpoch: 0,
  server: 'mqtt://a.example:1883',
  version: 5,
  markers: { nonce: 'n', next: 1, end: 9, gone: [0] },
  tried: true,
  subscriptions: [],
};

const known = (record: Partial<SessionRecord> = {}, more: Partial<SessionCase> = {}): SessionCase => ({
  record: { ...RECORD, ...record },
  server: 'mqtt://a.example:1883',
  version: 5,
  epoch: 3,
  clean: false,
  moved: false,
  present: true,
  fenceable: false,
  publishesOnly: false,
  held: true,
  wanted: [],
  joined: false,
  discards: false,
  forgot: false,
  clientId: 'c',
  onSessionLoss: 'redeliver',
  onUnknownSession: 'fail',
  ...more,
});

const lost = (wentBack = false): SessionQuestion => ({ type: 'session-lost', inDoubt: [], epoch: 4, wentBack });
const unverified: SessionQuestion = { type: 'session-unproven' };

/** What is decided, and what is said: `error` is the code. */
const judged = (question: SessionQuestion, facts: SessionCase) => {
  const { decision, tell } = judgeSession(question, facts);
  return [decision.do, 'error' in decision ? decision.error.code : undefined, tell];
};

describe('what becomes of a session that asks', () => {
  it('one that was never complete and is not there is made, and nothing is lost (R6a)', () => {
    const { decision, put, server } = judgeSession(lost(), known({ phase: 'creating' }));
    assert.deepEqual(decision, { do: 'begin', lost: false, holds: true });
    assert.deepEqual([put?.record?.epoch, server], [4, 'clean']);
  });

  it('is durably made before anything is asked of it, with what it is to be asked for (R6a)', () => {
    const facts = known(
      { phase: 'creating', server: undefined, version: undefined },
      { version: 4, wanted: [wanted('t', { qos: 2 })] },
    );
    const { phase, server, version, connecting, subscriptions } = judgeSession(lost(), facts).put?.record ?? {};
    assert.deepEqual([phase, server, version, connecting], ['made', 'mqtt://a.example:1883', 4, true]);
    assert.deepEqual(subscriptions, [{ subscription: wanted('t', { qos: 2 }), granted: 2 }]);
  });

  it('one that is made and there is gone on with, unproven, whatever becomes of unknown ones (R6a)', () => {
    for (const onUnknownSession of ['fail', 'discard', 'adopt'] as const) {
      const facts = known({ phase: 'made', markers: undefined }, { discards: true, onUnknownSession });
      assert.deepEqual(judgeSession(unverified, facts), { decision: { do: 'take-unverified' } });
    }
  });

  it('one that is made and gone is made once more, unless it may have joined a group, or we moved (Z22)', () => {
    const made = { phase: 'made', tried: false } as const;
    const again = judgeSession(lost(), known(made, { onSessionLoss: 'fail' }));
    assert.deepEqual(again.decision, { do: 'begin', lost: false, holds: true });
    assert.deepEqual([again.tell, again.put?.record?.phase, again.put?.record?.epoch], [undefined, 'made', 4]);
    const joined = known(made, { joined: true, onSessionLoss: 'fail' });
    assert.deepEqual(judged(lost(), joined), ['end', 'GUARANTEE_UNSUPPORTED', 'not-kept']);
    assert.equal(judgeSession(lost(), joined).put?.record?.phase, 'creating', 'the next start begins anew');
    const settled = judgeSession(lost(), known(made, { joined: true }));
    assert.deepEqual([settled.tell, settled.decision.do], ['not-kept', 'begin']);
    assert.equal(settled.put?.record?.phase, 'established', 'what follows is no first session any more');
    assert.deepEqual(judged(lost(), known(made, { moved: true, onSessionLoss: 'fail' })), [
      'end',
      'SESSION_LOST',
      'lost',
    ]);
  });

  it('what an attempt of ours may have left is thrown away, on 5.0 by a DISCONNECT, at once and then not at once (Z21)', () => {
    const creating = { phase: 'creating' } as const;
    const facts = { fenceable: true, discards: true } as const;
    const first = judgeSession(unverified, known(creating, facts));
    assert.deepEqual([first.decision.do, first.put, first.tell], ['again', undefined, undefined]);
    assert.equal('forget' in first.decision && first.decision.forget, true);
    const second = judgeSession(unverified, known(creating, { ...facts, forgot: true })).decision;
    assert.deepEqual([second.do, 'forget' in second && second.forget], ['end', true]);
    assert.equal('error' in second && second.error.retryable, true);
    for (const version of [4, 3] as const) {
      const older = judgeSession(unverified, known(creating, { ...facts, version }));
      assert.deepEqual([older.decision.do, older.server], ['again', 'unclean']);
      assert.equal('forget' in older.decision && older.decision.forget, false);
    }
    const unseen = judgeSession(lost(), known(creating, { ...facts, version: 3 }));
    assert.deepEqual([unseen.decision.do, unseen.server], ['again', 'unclean'], '3.1 cannot say that there is none');
    const adopted = judgeSession(unverified, known(creating, { ...facts, onUnknownSession: 'adopt' }));
    assert.equal(adopted.decision.do, 'take-unverified');
  });

  it('on 3.1, which cannot say whether it has one, it is unknown unless it was thrown away (R6)', () => {
    const facts = (clean: boolean) => known({ phase: 'creating' }, { version: 3, clean });
    assert.deepEqual(judged(lost(), facts(false)), ['end', 'SESSION_UNKNOWN', 'unknown']);
    assert.deepEqual(judged(lost(), facts(true)), ['begin', undefined, undefined]);
  });

  it('one of which the store knows nothing is refused without a trace, or adopted (R6)', () => {
    const refused = judgeSession(unverified, known({ phase: 'creating' }));
    assert.deepEqual(refused.put, { record: undefined });
    assert.deepEqual(judged(unverified, known({ phase: 'creating' })), ['end', 'SESSION_UNKNOWN', 'unknown']);
    const adopted = judgeSession(unverified, known({ phase: 'creating' }, { onUnknownSession: 'adopt' }));
    assert.deepEqual([adopted.decision.do, adopted.put?.record?.phase], ['take-unverified', 'established']);
  });

  it('a marker is asked for only where one is left, and is spent before it is (R5c)', () => {
    const asked = judgeSession(unverified, known());
    assert.deepEqual([asked.decision.do, asked.put?.record?.markers?.next], ['verify', 3]);
    assert.deepEqual(judgeSession(unverified, known({ markers: undefined })), { decision: { do: 'take-unverified' } });
    assert.deepEqual(judgeSession(unverified, known({}, { version: 4 })), { decision: { do: 'take-unverified' } });
  });

  it('a loss goes by the policy, and fail writes it down where the session was (R17)', () => {
    const dropped = judgeSession(lost(), known({}, { onSessionLoss: 'drop' }));
    assert.deepEqual([dropped.decision.do, dropped.put?.record?.droppedEpoch, dropped.tell], ['begin', 4, 'lost']);
    const failed = judgeSession(lost(), known({}, { onSessionLoss: 'fail' }));
    assert.deepEqual([failed.decision.do, failed.put?.record?.lost], ['end', true]);
    const elsewhere = judgeSession(lost(), known({}, { onSessionLoss: 'fail', moved: true }));
    assert.deepEqual([elsewhere.decision.do, elsewhere.put], ['end', undefined]);
  });

  it('one that went back is thrown away only where nothing is queued for us (Z23)', () => {
    const kept = judgeSession(lost(true), known());
    assert.deepEqual([kept.decision.do, kept.server, kept.tell], ['begin', undefined, 'went-back']);
    const thrown = judgeSession(lost(true), known({}, { publishesOnly: true }));
    assert.deepEqual([thrown.decision.do, thrown.server, thrown.put?.record?.wentBack], ['end', 'spoiled', true]);
  });

  it('C3: one that went back is thrown away by a DISCONNECT where a clean CONNECT may come late, until it is gone', () => {
    const facts = { publishesOnly: true, fenceable: true };
    const { decision, server, put } = judgeSession(lost(true), known({}, facts));
    assert.deepEqual([decision.do, 'forget' in decision && decision.forget, server], ['end', true, undefined]);
    assert.equal(put?.record?.wentBack, true);
    const there = judgeSession(lost(), known({ wentBack: true }, facts)).decision;
    assert.deepEqual([there.do, 'forget' in there && there.forget], ['end', true]);
    const gone = judgeSession(lost(), known({ wentBack: true }, { ...facts, present: false }));
    assert.deepEqual([gone.decision.do, gone.tell], ['begin', 'went-back']);
    const older = judgeSession(lost(), known({ wentBack: true }, { ...facts, version: 4 })).decision;
    assert.deepEqual([older.do, 'forget' in older, 'error' in older && older.error.retryable], ['end', false, false]);
    const alone = judgeSession(lost(), known({ wentBack: true }, { publishesOnly: true })).decision;
    assert.equal(alone.do, 'begin', 'a clean CONNECT has thrown it away');
  });

  it('the first one that is gone shows that the broker keeps none, unless we moved (R5e)', () => {
    assert.deepEqual(judged(lost(), known({ tried: false })), ['begin', undefined, 'not-kept']);
    const failing = known({ tried: false }, { onSessionLoss: 'fail' });
    assert.deepEqual(judged(lost(), failing), ['end', 'GUARANTEE_UNSUPPORTED', 'not-kept']);
    assert.equal(judgeSession(lost(), failing).put?.record?.phase, 'creating');
    assert.deepEqual(judged(lost(), known({ tried: false }, { moved: true })), ['begin', undefined, 'lost']);
  });
});
