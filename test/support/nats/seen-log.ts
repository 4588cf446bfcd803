import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

/*
 * Reads the log of a partition as a stream, with the client of NATS alone. It is kept apart from the project's reader on purpose, and knows
 * of a record only where its epoch and number stand.
 */

/** One record. */
export interface SeenRecord {
  readonly epoch: number;
  readonly number: number;
}

/** What stands in the log of a partition. */
export interface SeenLog {
  readonly stream: string;
  readonly records: readonly SeenRecord[];
}

const AT = { epoch: 6, number: 14 } as const;
const PIECE = 'Millrace-Piece';

/** Reads a stream from its first message to its last. */
export async function readSeenLog(servers: readonly string[], stream: string): Promise<SeenLog> {
  const connection = await connect({ servers: [...servers] });
  try {
    const records: SeenRecord[] = [];
    const consumer = await jetstream(connection).consumers.get(stream);
    const { num_pending: pending } = await consumer.info();
    const messages = await consumer.consume();
    let left = pending;
    for await (const { data, headers } of messages) {
      const piece = headers?.get(PIECE) ?? '';
      // of a record in several messages the first one has its head
      if (piece === '' || piece.startsWith('1/')) records.push(recordOf(data));
      left -= 1;
      if (left === 0) break;
    }
    return { stream, records };
  } finally {
    await connection.close();
  }
}

const recordOf = (data: Uint8Array): SeenRecord => {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    epoch: Number(view.getBigUint64(AT.epoch, true)),
    number: Number(view.getBigUint64(AT.number, true)),
  };
};

/** C1: epochs ascend, and numbers in each from 0 without a gap. Gives what contradicts it. */
export const breachesOfOneWriter = ({ stream, records }: SeenLog): readonly string[] =>
  records.flatMap(({ epoch, number }, index) => {
    const before = records[index - 1];
    const goesOn = epoch === before?.epoch && number === before.number + 1;
    const begins = number === 0 && epoch > (before?.epoch ?? 0);
    return goesOn || begins ? [] : [`${stream}: ${epoch}.${number} behind ${before?.epoch}.${before?.number}`];
  });
