import { describe } from 'node:test';
import { NatsClient } from '../../src/nats/index.js';
import { JetStreamLogs } from '../../src/store/jetstream/jetstream-logs.js';
import type { PartitionLogs } from '../../src/store/log/partition-log.js';
import { onCleanup } from '../support/cleanup.js';
import { fullRun } from '../support/full-run.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { type NatsCluster, startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence, natsServersHere } from '../support/nats/nats-servers-here.js';
import { removeStreams } from '../support/nats/streams.js';
import { logContract } from './log-contract.js';

/** The same names in each case are other jobs in each: a server may give a stream that is made anew at once what one that was deleted had. */
const renamed = (logs: PartitionLogs, round: number): PartitionLogs => ({
  location: logs.location,
  open: (job, partition) => logs.open(job === '' ? '' : `${round} ${job}`, partition),
  blobs: (job, partition) => logs.blobs(`${round} ${job}`, partition),
  close: () => logs.close(),
});

describe('the logs in JetStream', { ...SUITE_LIMIT, skip: natsAbsence() ?? false }, () => {
  for (const program of fullRun ? natsServersHere() : natsServersHere().slice(-1)) {
    for (const size of [1, 3] as const) {
      let cluster: Promise<NatsCluster> | undefined;
      let client: NatsClient | undefined;
      let rounds = 0;
      logContract(`JetStream, ${size === 1 ? 'one server' : 'three servers'} ${program.version}`, {
        start: async () => {
          cluster ??= startNats({ program, size });
          const nats = await cluster;
          client ??= await NatsClient.open({ servers: nats.urls });
          const opened = client;
          onCleanup(() => opened.close());
          await removeStreams(opened);
          rounds += 1;
          const round = rounds;
          const make = async () => renamed(new JetStreamLogs({ client: opened, replicas: nats.replicas }), round);
          let logs = await make();
          const again = async () => {
            await logs.close();
            logs = await make();
            return logs;
          };
          return { logs, again, rival: make };
        },
        limits: {},
      });
    }
  }
});
