import type { PacketType } from '../packet.js';
import type { Properties } from '../properties.js';
import type { Sender } from '../reason-code.js';

/** Where a property can stand: in a packet, or in the will of a CONNECT. */
export type PropertyCarrier = Exclude<PacketType, 'pingreq' | 'pingresp'> | 'will';

/** How a property's value is written on the wire. */
export type PropertyType =
  | 'boolean'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'variable-integer'
  | 'string'
  | 'topic'
  | 'binary'
  | 'pair';

/** All that the codec knows about one property; both directions are driven by it. */
export interface PropertyRule {
  /** On the wire (5: table 2-4). */
  readonly id: number;
  /** In `Properties`. */
  readonly name: keyof Properties;
  /** How its value is written. */
  readonly type: PropertyType;
  /** Anywhere else it is refused, in both directions. */
  readonly carriers: readonly PropertyCarrier[];
  /** Numbers only; by default the range of the type. */
  readonly min: number;
  /** The same; both are values that are allowed. */
  readonly max: number;
  /** The reason code for a number out of range. */
  readonly rangeCode: number;
  /** Its value is a list, and it may come more than once in these carriers. */
  readonly repeatableIn: readonly PropertyCarrier[];
  /** Nothing depends on it: a tolerant decoder leaves out a value that is not allowed (R22). */
  readonly harmless: boolean;
  /** The carriers in which only one end may send it. */
  readonly onlyFrom: Readonly<Partial<Record<PropertyCarrier, Sender>>>;
}
