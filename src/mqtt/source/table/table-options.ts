import type { TableKey } from '../../../connector/tables/table.js';
import type { ConnectOptions } from '../../connection/options/connect-options.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import type { MapToItemFn } from '../items/map-to-item.js';

/** Retained messages as a table. */
export interface MqttTableOptions<V, K extends TableKey = string> {
  /** URL of the broker. Default `tcp://localhost:1883`. */
  readonly broker?: string | undefined;
  /** Of the CONNECT. */
  readonly auth?: { readonly username: string; readonly password: string | Uint8Array } | undefined;
  /** The filter whose retained messages are the rows; not a shared one, which brings none. */
  readonly topic: string;
  /**
   * At which changes come on MQTT 5; below it is always 0, as it is for retained messages. Default 0: what is lost with a connection
   * comes with the next.
   */
  readonly qualityOfService?: QualityOfService | undefined;
  /** Makes a row of a message; `undefined` for none. One that it throws for gives no row, which is told. Default: a copy of the payload. */
  readonly mapToRowFn?: MapToItemFn<V> | undefined;
  /** Makes the key of a row from its topic; `undefined` leaves the topic out. Of two topics with one key the last message counts. Default: the topic. */
  readonly keyFn?: ((topic: string) => K | undefined) | undefined;
  /** Rows that there may be: what is new beyond is left out, which is told. Default 100,000. */
  readonly maxRows?: number | undefined;
  /**
   * Bytes of the messages that gave the rows, with topics, properties and 256 each: what is beyond is left out, too, also in place of an
   * earlier row. Default 268435456 (256 MiB).
   */
  readonly maxBytes?: number | undefined;
  /** As of a source. With a `clientId` of its own it can be open once at a time: one job, one partition. Default: a random one. */
  readonly connectOptionsFn?: (() => ConnectOptions) | undefined;
}
