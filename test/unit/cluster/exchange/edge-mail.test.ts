import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { encodeEdgeMessage, type StatusMessage } from '../../../../src/cluster/exchange/edge/edge-message.js';
import { EdgeMail, STAMP_BYTES } from '../../../../src/cluster/exchange/edge-mail.js';
import { MOST_MESSAGE_BYTES } from '../../../../src/cluster/exchange/edges.js';
import { onCleanup } from '../../../support/cleanup.js';

const STATUS: StatusMessage = { type: 'status', to: 1, outbox: 5, reader: 6, taken: 3, committed: 2, again: false };

class Rig {
  dropped = 0;
  readonly told: unknown[] = [];
  readonly mail = this.of('job', 'exchange by key');

  constructor() {
    const listener = (data: unknown): void => void this.told.push(data);
    subscribe('millrace:edge-message-dropped', listener);
    onCleanup(() => void unsubscribe('millrace:edge-message-dropped', listener));
  }

  of(job: string, exchange: string): EdgeMail {
    const add = (): void => {
      this.dropped += 1;
    };
    return new EdgeMail({ job, exchange, partition: 1, dropped: { add } });
  }
}

describe('what comes on the subject of an exchange', () => {
  it('is read where it is of this exchange', () => {
    const { mail } = new Rig();
    assert.deepEqual(mail.open(mail.seal(encodeEdgeMessage(STATUS))), STATUS);
  });

  it('is dropped where it is none, is cut short, too large, or of another exchange or job', () => {
    const rig = new Rig();
    const { mail } = rig;
    const whole = mail.seal(encodeEdgeMessage(STATUS));
    const junk = [
      Buffer.from('hello'),
      Buffer.of(9),
      randomBytes(200),
      whole.subarray(0, whole.byteLength - 1),
      Buffer.concat([whole, Buffer.alloc(MOST_MESSAGE_BYTES)]),
      rig.of('job', 'exchange by keys').seal(encodeEdgeMessage(STATUS)),
      rig.of('jobs', 'exchange by key').seal(encodeEdgeMessage(STATUS)),
    ];
    for (const bytes of junk) assert.equal(mail.open(bytes), undefined);
    assert.equal(rig.dropped, junk.length);
  });

  it('is refused by name where it is of a newer version', () => {
    const { mail } = new Rig();
    const newer = mail.seal(encodeEdgeMessage(STATUS));
    newer[STAMP_BYTES] = 99;
    assert.throws(() => mail.open(newer), { code: 'STORE_VERSION', message: /form 99/ });
  });

  it('is told when it is dropped, and a thousand of them ten times', () => {
    const rig = new Rig();
    for (let count = 0; count < 1_000; count += 1) rig.mail.open(Buffer.from('hello'));
    assert.equal(rig.dropped, 1_000);
    assert.equal(rig.told.length, 10);
    assert.deepEqual(rig.told[0], {
      job: 'job',
      exchange: 'exchange by key',
      partition: 1,
      reason: 'it is of something else',
      dropped: 1,
    });
  });
});
