import { DeadLetters, MqttSinks, MqttSources, Pipeline, type SinkMessage, Subscription } from 'millrace';
import { toCloud, toHome } from './rewrite.js';

export interface Sides {
  /** The name of the home in the cloud's tree, and in all client ids. */
  readonly home: string;
  readonly homeBroker: string;
  readonly cloudBroker: string;
}

/** Both directions, so that one job, one directory and one signal are for both. */
export function twoWayBridge({ home, homeBroker, cloudBroker }: Sides): Pipeline {
  const deadLetter = DeadLetters.topic({ broker: cloudBroker, clientId: `${home}-dead`, topic: `dead/${home}` });

  const states = MqttSources.builder()
    .broker(homeBroker)
    .clientId(`${home}-states`)
    .keepSession()
    // One filter for all, since names of devices may have slashes. Without retainAsPublished the broker passes a message on
    // without its retain flag, unless it was retained before we came. A device that zigbee2mqtt publishes at QoS 0, its default, is
    // taken as it comes: what is lost on the way to us is lost. Its option `qos: 2` is what exactly-once begins with.
    .subscriptions(Subscription.of('zigbee2mqtt/#', 2, { retainAsPublished: true }))
    // A rewriting that throws is the source's to settle: its onError has the message as it came.
    .mapToItemFn((topic, message) => toCloud(home, topic, message))
    .onError({ deadLetter })
    .connectOptionsFn(quickly)
    .build();
  const cloud = MqttSinks.builder()
    .broker(cloudBroker)
    .clientId(`${home}-cloud`)
    .messageFn((message: SinkMessage) => message)
    .onError({ deadLetter })
    .connectOptionsFn(quickly)
    .build();

  const commands = MqttSources.builder()
    .broker(cloudBroker)
    .clientId(`${home}-commands`)
    .keepSession()
    .subscriptions(Subscription.of(`homes/${home}/+/set`, 2), Subscription.of(`homes/${home}/+/get`, 2))
    .mapToItemFn(toHome)
    .onError({ deadLetter })
    .connectOptionsFn(quickly)
    .build();
  const devices = MqttSinks.builder()
    .broker(homeBroker)
    .clientId(`${home}-devices`)
    .messageFn((message: SinkMessage) => message)
    // Who commands chooses the name of the device, and may choose one that no topic can have (`a+b`).
    .onError({ deadLetter })
    .connectOptionsFn(quickly)
    .build();

  const pipeline = Pipeline.create();
  pipeline
    .readFrom(states)
    .filter((message) => message !== undefined)
    .writeTo(cloud);
  pipeline.readFrom(commands).writeTo(devices);
  return pipeline;
}

/** The defaults, 1 s and 30 s, are kinder to a broker; an example is in a hurry. */
const quickly = () => ({ reconnectPeriod: 50, maxReconnectPeriod: 200 });
