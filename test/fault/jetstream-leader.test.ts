import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NatsClient } from '../../src/nats/index.js';
import { type CommitStall, JetStreamLogs } from '../../src/store/jetstream/jetstream-logs.js';
import { streamName } from '../../src/store/jetstream/names.js';
import { LogWriter } from '../../src/store/log/log-writer.js';
import type { PartitionLog } from '../../src/store/log/partition-log.js';
import { follow } from '../../src/store/log/record/follow.js';
import { LOG_START } from '../../src/store/log/record/log-point.js';
import { onCleanup } from '../support/cleanup.js';
import { fullRun } from '../support/full-run.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { type NatsCluster, startNats } from '../support/nats/nats-cluster.js';
import type { NatsProcess } from '../support/nats/nats-process.js';
import { natsAbsence, natsServersHere } from '../support/nats/nats-servers-here.js';
import { rejectsWith } from '../support/rejects-with.js';
import { until } from '../support/until.js';

const STREAM = streamName('job', 0);
/** Appended before the fault and after it. */
const BEFORE = 100;
const AFTER = 100;

const openLog = async (nats: NatsCluster, stalls: CommitStall[] = []): Promise<PartitionLog> => {
  const client = await NatsClient.open({ servers: nats.urls });
  onCleanup(() => client.close());
  return new JetStreamLogs({ client, replicas: 3, onStalled: (stall) => stalls.push(stall) }).open('job', 0);
};

/** What was acknowledged, as the chain of records has it. */
const chainOf = async (log: PartitionLog, upTo: number): Promise<string[]> => {
  const found: string[] = [];
  let point = LOG_START;
  for await (const entry of log.read(0, upTo)) {
    const followed = follow(point, entry, log.location);
    point = followed.point;
    found.push(`${point.epoch}.${point.number} ${followed.record.body.byteLength}`);
  }
  return found;
};

/** Every tenth is a batch of three messages. */
const bodyOf = (number: number): Buffer => Buffer.alloc(number % 10 === 9 ? 1_200_000 : 200, `${number} `);

/** Appends, one after the other, for as long as it is asked to. */
class Appending {
  readonly acknowledged: string[];
  readonly done: Promise<void>;
  readonly #writer: LogWriter;
  readonly #pauseMs: number;
  #ending = false;

  /** @param pauseMs between two records; without any nobody else comes in between, who has to read the last one first */
  constructor(writer: LogWriter, pauseMs = 0) {
    this.#writer = writer;
    this.#pauseMs = pauseMs;
    this.acknowledged = [`${writer.head.epoch}.0 0`];
    this.done = this.#run();
  }

  untilCount(count: number): Promise<unknown> {
    return until(() => this.acknowledged.length >= count, { what: () => `${count}, has ${this.acknowledged.length}` });
  }

  end(): Promise<void> {
    this.#ending = true;
    return this.done;
  }

  async #run(): Promise<void> {
    for (let number = 1; !this.#ending; number += 1) {
      const { epoch, number: counted } = await this.#writer.append('commit', bodyOf(number));
      this.acknowledged.push(`${epoch}.${counted} ${bodyOf(number).byteLength}`);
      if (this.#pauseMs > 0) await sleep(this.#pauseMs);
    }
  }
}

const FAULTS: readonly (readonly [string, (leader: NatsProcess) => unknown, (leader: NatsProcess) => unknown])[] = [
  ['killed', (leader) => leader.kill(), (leader) => leader.start()],
  ['suspended', (leader) => leader.suspend(), (leader) => leader.resume()],
  ['ended in order', (leader) => leader.stop(), (leader) => leader.start()],
];

describe('the leader of a log is lost while records are appended', {
  ...SUITE_LIMIT,
  skip: natsAbsence() ?? false,
}, () => {
  for (const program of fullRun ? natsServersHere() : natsServersHere().slice(-1)) {
    for (const [how, strike, mend] of FAULTS) {
      it(
        `${program.version}, ${how}: what was acknowledged is there, once and in order, and nothing else`,
        LIMIT,
        async () => {
          await using nats = await startNats({ program, size: 3 });
          const stalls: CommitStall[] = [];
          const log = await openLog(nats, stalls);
          const writer = await LogWriter.take(log, 1);
          const appending = new Appending(writer);
          appending.done.catch(() => {});
          await appending.untilCount(BEFORE);

          const leader = await nats.leaderOf(STREAM);
          await strike(leader);
          const [atStrike, struckAt] = [appending.acknowledged.length, performance.now()];
          await appending.untilCount(atStrike + AFTER);
          const stalledMs = Math.round(performance.now() - struckAt);
          assert.notEqual((await nats.leaderOf(STREAM)).name, leader.name, 'another one leads');
          await mend(leader);
          await nats.ready();
          await appending.untilCount(appending.acknowledged.length + AFTER);
          await appending.end();

          assert.deepEqual(await chainOf(log, writer.head.seq), appending.acknowledged);
          if (how !== 'ended in order') assert.equal(stalls[0]?.ms, 1_000, 'it is told after a second');
          console.log(`${program.version}, leader ${how}: ${AFTER} more after ${stalledMs} ms`);
        },
      );
    }

    it(`${program.version}: an owner that is taken over meanwhile gets nothing in any more (C1)`, LIMIT, async () => {
      await using nats = await startNats({ program, size: 3 });
      const [log, rival] = [await openLog(nats), await openLog(nats)];
      const former = new Appending(await LogWriter.take(log, 1), 20);
      const fenced = rejectsWith('STORE_FENCED', former.done);
      await former.untilCount(BEFORE);
      const leader = await nats.leaderOf(STREAM);
      await leader.kill();
      const owner = await LogWriter.take(rival, 2);
      await fenced;
      const begins = `${owner.head.epoch}.${owner.head.number} 0`;
      const { seq } = await owner.append('commit', bodyOf(9));
      // the last record of the former owner may be in though it was not told so
      const chain = await chainOf(rival, seq);
      const at = chain.indexOf(begins);
      assert.deepEqual(chain.slice(0, former.acknowledged.length), former.acknowledged);
      assert.ok(at === former.acknowledged.length || at === former.acknowledged.length + 1, `${at} records before it`);
      assert.deepEqual(chain.slice(at), [begins, `2.1 ${bodyOf(9).byteLength}`]);
    });
  }
});
