import { fileURLToPath } from 'node:url';
import { startMosquittoSub } from '../../test/support/clients/mosquitto-sub.js';
import type { Delivery } from '../../test/support/delivery-oracle.js';
import { type KillBroker, startKillBroker } from '../../test/support/kill/kill-brokers.js';
import { POSTGRES_FAULTS, strike } from '../../test/support/kill/postgres-faults.js';
import { PostgresKillRig } from '../../test/support/kill/postgres-kill-rig.js';
import { POSTGRES_KILLS } from '../../test/support/mutants/kill-tables.js';
import { SeededRandom } from '../../test/support/seeded-random.js';
import { type Postgres, startPostgres } from '../../test/support/servers/postgres.js';
import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';
import { killLines } from './mutants.js';

const PER_SECOND = 400;
/** MQTT.js writes a row at a time, and has to keep up. */
const PER_SECOND_PLAIN = 100;
const QUEUE = 'id bigserial PRIMARY KEY, claimed_by text';
const PLAIN = fileURLToPath(new URL('../contenders/mqttjs-postgres.mjs', import.meta.url));

/** One that has lost a message never has all. */
const STILL_MS = 20_000;

interface Row {
  readonly title: string;
  readonly isPromised: boolean;
  readonly rounds: number;
  readonly sent: number;
  readonly delivery: Delivery;
}

interface World {
  readonly broker: KillBroker;
  readonly server: Postgres;
  readonly random: SeededRandom;
}

/** Process and database are killed, stopped and cut; rows are compared with messages. */
export async function postgresSection(options: EvidenceOptions): Promise<Section> {
  const [broker, server] = await Promise.all([startKillBroker('durable'), startPostgres()]);
  const world = { broker, server, random: new SeededRandom(options.seed) };
  const [most, some] = [options.rounds(100, 4), options.rounds(30, 4)];
  const rows: Row[] = [];
  try {
    rows.push(await intoTable(world, most, options));
    for (const play of [throughTable, byPlainProgram]) rows.push(await play(world, some, options));
  } finally {
    await Promise.all([broker.mosquitto.stop(), server.stop('immediate')]);
  }
  const kills = await killLines(POSTGRES_KILLS, options);
  return {
    title: 'PostgreSQL',
    lines: [
      'A round is one of these under load, chosen at random and at a random moment:',
      '',
      ...Object.keys(POSTGRES_FAULTS).map((name) => `- ${name}`),
      '',
      'The verifier of the first and the third line is the table itself, in the order of its serial column; *duplicated* counts rows',
      'beyond the first of a message. The program of the third line, MQTT.js with `pg`, is sent a quarter of the messages per second: it writes',
      'one row at a time.',
      '',
      ...tableOf(rows),
      '',
      'The rules of the sink and of the sources are broken one at a time, as in "The tests are tested":',
      '',
      ...kills.lines,
    ],
    broken: [
      ...rows.filter(({ isPromised, delivery }) => isPromised && !isFaultless(delivery)).map(problemOf),
      ...kills.broken,
    ],
  };
}

const intoTable = async (world: World, rounds: number, options: EvidenceOptions): Promise<Row> => {
  const title = 'millrace exactly-once, MQTT into a table';
  await using rig = await PostgresKillRig.open({ kind: 'in', ...world });
  await strikeAll(world, { rig, rounds, perSecond: PER_SECOND, title }, options);
  const delivery = await rig.settleRows();
  return { title, isPromised: true, rounds, sent: rig.load.sent.length, delivery };
};

const throughTable = async (world: World, rounds: number, options: EvidenceOptions): Promise<Row> => {
  const title = 'millrace exactly-once, MQTT through a table and out of it as a queue';
  await using rig = await PostgresKillRig.open({ kind: 'through', ...world }, QUEUE);
  const { port } = world.broker.mosquitto;
  await using verifier = await startMosquittoSub({
    port,
    topic: `${rig.prefix}/out/#`,
    clientId: `${rig.prefix}-seen`,
  });
  await strikeAll(world, { rig, rounds, perSecond: PER_SECOND, title }, options);
  const delivery = await rig.settleMessages(verifier);
  return { title, isPromised: true, rounds, sent: rig.load.sent.length, delivery };
};

const byPlainProgram = async (world: World, rounds: number, options: EvidenceOptions): Promise<Row> => {
  const title = 'MQTT.js and `pg`, QoS 1, acknowledges behind the COMMIT, MQTT into a table';
  await using rig = await PostgresKillRig.open({ kind: 'in', program: PLAIN, ...world });
  await strikeAll(world, { rig, rounds, perSecond: PER_SECOND_PLAIN, title }, options);
  const delivery = await rig.settleRows(STILL_MS);
  return { title, isPromised: false, rounds, sent: rig.load.sent.length, delivery };
};

interface Struck {
  readonly rig: PostgresKillRig;
  readonly rounds: number;
  readonly perSecond: number;
  readonly title: string;
}

const strikeAll = async ({ server, random }: World, struck: Struck, options: EvidenceOptions): Promise<void> => {
  const { rig, rounds, perSecond, title } = struck;
  options.tell(`PostgreSQL: ${title}`);
  const faults = Array.from({ length: rounds }, () => random.pick(Object.keys(POSTGRES_FAULTS)));
  await strike({ rig, server, random, faults, perSecond });
};

const tableOf = (rows: readonly Row[]): readonly string[] => [
  '| | rounds | sent | lost | duplicated | out of order |',
  '|---|--:|--:|--:|--:|--:|',
  ...rows.map(({ title, rounds, sent, delivery }) => {
    const { lost, duplicates, disordered } = delivery;
    const counts = [rounds, sent, lost.length, duplicates, disordered.length];
    return `| ${title} | ${counts.map((count) => count.toLocaleString('en-US')).join(' | ')} |`;
  }),
];

const isFaultless = ({ lost, duplicates, phantoms, disordered }: Delivery): boolean =>
  lost.length + duplicates + phantoms.length + disordered.length === 0;

const problemOf = ({ title, delivery: { lost, duplicates, disordered } }: Row): string =>
  `${title}: ${lost.length} lost, ${duplicates} duplicated, ${disordered.length} out of order`;
