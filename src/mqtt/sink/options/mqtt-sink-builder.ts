import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import type { OnError, Sink } from '../../../connector/sink.js';
import { refuseMore } from '../../../internal/options/refuse-more.js';
import type { ConnectOptions } from '../../connection/options/connect-options.js';
import type { OnSessionLoss } from '../../connection/options/on-session-loss.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import type { MessageFn } from '../message/sink-message.js';
import { mqttSink } from '../mqtt-sink.js';
import type { MqttSinkOptions } from './mqtt-sink-options.js';
import type { OfflineOverflow } from './queue-limits.js';
import { resolveSink } from './resolve-sink.js';

/**
 * Says step by step what an MQTT sink is, under the names of Jet's builder. A value: every step returns a new builder and
 * leaves this one as it was, so one may be the start of many. Defaults and units: {@link MqttSinkOptions}.
 */
export class MqttSinkBuilder<T> {
  readonly #options: MqttSinkOptions<T>;

  constructor(options: MqttSinkOptions<T>) {
    this.#options = Object.freeze({ ...options });
    Object.freeze(this);
  }

  /** `producer` gives the client ids `producer-0`, `producer-1`, …; a function gives the whole id. */
  clientId(clientId: string | ((index: number) => string)): MqttSinkBuilder<T> {
    return this.#with({ clientId });
  }

  /** URL: `mqtt` or `tcp`, `mqtts`, `ssl` or `tls`, `ws`, `wss`. Default `tcp://localhost:1883`. */
  broker(broker: string): MqttSinkBuilder<T> {
    return this.#with({ broker });
  }

  /** Of the CONNECT, of every client of the sink. */
  auth(username: string, password: string | Uint8Array): MqttSinkBuilder<T> {
    return this.#with({ auth: { username, password } });
  }

  /** Where messages go that name no topic themselves. */
  topic(topic: string): MqttSinkBuilder<T> {
    return this.#with({ topic });
  }

  /** Of messages that name none themselves. Default 2 in an exactly-once job, else 1. */
  qualityOfService(qualityOfService: QualityOfService): MqttSinkBuilder<T> {
    return this.#with({ qualityOfService });
  }

  /** Of messages that do not say it themselves. Default without this step: false. */
  retain(retain = true): MqttSinkBuilder<T> {
    return this.#with({ retain });
  }

  /** Connect again when the connection is lost. Default true, also without this step. */
  autoReconnect(autoReconnect = true): MqttSinkBuilder<T> {
    return this.#with({ autoReconnect });
  }

  /** An exactly-once job takes messages below QoS 2, too. Default without this step: false. */
  allowLowerQos(allowLowerQos = true): MqttSinkBuilder<T> {
    return this.#with({ allowLowerQos });
  }

  /** The broker keeps the session when the sink is closed. Needs `clientId`. Default without this step: in a job with a store. */
  keepSession(keepSession = true): MqttSinkBuilder<T> {
    return this.#with({ keepSession });
  }

  /** For messages in doubt when the broker lost the session. Default in an exactly-once job `fail`, else `redeliver`. */
  onSessionLoss(onSessionLoss: OnSessionLoss): MqttSinkBuilder<T> {
    return this.#with({ onSessionLoss });
  }

  /** For a session that the broker has when a job with a store starts for the first time. Default `fail`. */
  onUnknownSession(onUnknownSession: 'fail' | 'discard'): MqttSinkBuilder<T> {
    return this.#with({ onUnknownSession });
  }

  /** For messages that the broker refuses for now and, without auto-reconnect, for the connection. */
  retryStrategy(retryStrategy: RetryStrategy): MqttSinkBuilder<T> {
    return this.#with({ retryStrategy });
  }

  /** Everything else about the connection. Called by `build()` to check it, and again at each connect. */
  connectOptionsFn(connectOptionsFn: () => ConnectOptions): MqttSinkBuilder<T> {
    return this.#with({ connectOptionsFn });
  }

  /**
   * Makes the message of an item. Default: bytes as they are, a string, number, boolean or bigint as text, plain objects and arrays as
   * JSON; all else is rejected with INVALID_MESSAGE.
   */
  messageFn<U>(messageFn: MessageFn<U>): MqttSinkBuilder<U> {
    return new MqttSinkBuilder<U>({ ...this.#options, messageFn });
  }

  /** How many clients publish; a topic always has the same one. Default 1. */
  parallelism(parallelism: number): MqttSinkBuilder<T> {
    return this.#with({ parallelism });
  }

  /** `fail` (default) fails the job, `skip` counts the item and goes on, `{ deadLetter }` sends it there first. */
  onError(onError: OnError): MqttSinkBuilder<T> {
    return this.#with({ onError });
  }

  /** Messages that wait above the window, for each client. Default 10000 with the guarantee `none`, 2048 with a store, otherwise 256. */
  maxBufferedMessages(maxBufferedMessages: number): MqttSinkBuilder<T> {
    return this.#with({ maxBufferedMessages });
  }

  /** Bytes of messages that wait or are in flight, for each client. Default 16 MiB. */
  maxBufferedBytes(maxBufferedBytes: number): MqttSinkBuilder<T> {
    return this.#with({ maxBufferedBytes });
  }

  /** While the sink is offline and its buffer full. Default `pause`. */
  offlineOverflow(offlineOverflow: OfflineOverflow): MqttSinkBuilder<T> {
    return this.#with({ offlineOverflow });
  }

  /** @throws MillraceError INVALID_OPTIONS with all problems at once in `details.problems` */
  build(): Sink<T> {
    return mqttSink(resolveSink(this.#options));
  }

  #with(change: Partial<MqttSinkOptions<T>>): MqttSinkBuilder<T> {
    return new MqttSinkBuilder<T>({ ...this.#options, ...change });
  }

  static {
    refuseMore(
      'the MQTT sink',
      {
        clientId: 1,
        broker: 1,
        auth: 2,
        topic: 1,
        qualityOfService: 1,
        retain: 1,
        autoReconnect: 1,
        allowLowerQos: 1,
        keepSession: 1,
        onSessionLoss: 1,
        onUnknownSession: 1,
        retryStrategy: 1,
        connectOptionsFn: 1,
        messageFn: 1,
        parallelism: 1,
        onError: 1,
        maxBufferedMessages: 1,
        maxBufferedBytes: 1,
        offlineOverflow: 1,
        build: 0,
      },
      MqttSinkBuilder.prototype,
    );
  }
}
