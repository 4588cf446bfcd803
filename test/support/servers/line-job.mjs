/*
 * A pipeline that tests kill: `millrace run` runs it. Messages of a topic go into the table of a line server (`line-server.mjs`) by a sink
 * of two functions, each under its number: that makes it exactly once.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const { LINE_MILLRACE, LINE_BROKER, LINE_TOPIC, LINE_PORT } = process.env;
const { MqttSources, Pipeline, RetryStrategies, SinkBuilder } = await import(LINE_MILLRACE);

const source = MqttSources.builder()
  .broker(LINE_BROKER)
  .clientId(LINE_TOPIC)
  .keepSession()
  .topic(LINE_TOPIC)
  .qualityOfService(2)
  .mapToItemFn((_, message) => message.toString())
  .build();

const table = SinkBuilder.sinkBuilder('table', async () => {
  const socket = connect(Number(LINE_PORT), '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => {});
  const lines = createInterface({ input: socket });
  // a reset is no end of its input
  socket.on('close', () => lines.close());
  lines.on('error', () => {});
  return { socket, answers: lines[Symbol.asyncIterator]() };
})
  .receiveBatchFn(
    async ({ socket, answers }, texts, firstSeq) => {
      socket.write(texts.map((text, index) => `${firstSeq + index} ${text}\n`).join(''));
      for (const _ of texts) if ((await answers.next()).done) throw new Error('the connection is cut');
    },
    { maxBatchSize: 16 },
  )
  .destroyFn(({ socket }) => void socket.destroy())
  .retryStrategy(RetryStrategies.indefinitely(50))
  .build();

const pipeline = Pipeline.create();
pipeline.readFrom(source).writeTo(table);
export default pipeline;
export const config = { name: LINE_TOPIC, processingGuarantee: 'exactly-once' };
