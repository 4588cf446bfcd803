import type { OnError } from '../../connector/sink.js';
import type { Source } from '../../connector/source.js';
import { MqttSources } from '../../mqtt/source/mqtt-sources.js';
import type { ReceivedMessage } from '../../mqtt/source/received-message.js';
import { connectOptions } from '../bridge/bridge-pipeline.js';
import type { TopicLetters } from './dead-letters-flags.js';

/**
 * The messages of a topic: with a client id those of its session, which was there before us, and goes on after us.
 * @param onError what becomes of malformed ones: anybody who may publish there can send them (R22)
 */
export function topicSource({ from, topic, clientId }: TopicLetters, onError: OnError): Source<ReceivedMessage> {
  const source = MqttSources.builder()
    .broker(from.url)
    .topic(topic)
    // as a replay that is exactly once needs it: a lower one in between would change what the session has
    .qualityOfService(2)
    .onUnknownSession('adopt')
    .onError(onError)
    .connectOptionsFn(() => connectOptions(from))
    .mapToItemFn((_topic, message: ReceivedMessage) => message);
  return (clientId === undefined ? source : source.clientId(clientId).keepSession()).build();
}
