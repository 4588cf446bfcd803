/*
 * What the nodes of the demo run, by `millrace run`: the messages of six lines go from one broker to another, exactly once. Each of the six
 * partitions reads lines of its own, so their order is kept.
 */
import { MqttSinks, MqttSources, Pipeline, QualityOfService, Subscription } from 'millrace';
import { LINES } from './lines.js';

const { DEMO_FROM = '', DEMO_TO = '' } = process.env;

const pipeline = Pipeline.create();
pipeline
  .readFrom(
    MqttSources.builder()
      .clientId('demo')
      .broker(DEMO_FROM)
      .topic('plant/in/+')
      .qualityOfService(QualityOfService.EXACTLY_ONCE)
      .keepSession()
      .spread((index, count) =>
        LINES.filter((_, line) => line % count === index).map((line) =>
          Subscription.of(`plant/in/${line}`, QualityOfService.EXACTLY_ONCE),
        ),
      )
      .mapToItemFn((topic, message) => ({ line: topic.split('/').at(-1), text: message.toString() }))
      .build(),
  )
  .writeTo(
    MqttSinks.builder()
      .clientId('demo-out')
      .broker(DEMO_TO)
      .messageFn(({ line, text }: { line: string | undefined; text: string }) => ({
        topic: `plant/out/${line}`,
        payload: text,
        qos: 2,
      }))
      .build(),
  );

export default pipeline;
export const config = { name: 'demo', processingGuarantee: 'exactly-once', partitions: LINES.length };
