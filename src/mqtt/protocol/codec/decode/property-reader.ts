import type { MillraceError } from '../../../../errors/index.js';
import type { Properties } from '../../properties.js';
import type { Sender } from '../../reason-code.js';
import { topicNameProblem } from '../../topic.js';
import { misplaced, ruleById } from '../property-lookup.js';
import type { PropertyCarrier, PropertyRule } from '../property-rule.js';
import { malformed, protocolError, tooManyProperties } from '../protocol-error.js';
import type { ByteReader } from './byte-reader.js';

/** What a reader bears with. */
export interface PropertyTerms {
  /** How many properties a packet may have: on the wire one can be as short as two bytes, in memory it is many times that. */
  readonly maxProperties: number;
  /** Gathers the names of harmless properties with a value that is not allowed, which are left out; undefined: they are refused. */
  leftOut: string[] | undefined;
  /** Why a text is no topic for this reader; undefined when it is one. */
  readonly topicProblem: (topic: string) => string | undefined;
}

const STRICT: PropertyTerms = {
  maxProperties: Number.POSITIVE_INFINITY,
  leftOut: undefined,
  topicProblem: topicNameProblem,
};

interface Place {
  readonly carrier: PropertyCarrier;
  readonly from: Sender;
  readonly terms: PropertyTerms;
}

/**
 * Reads a property length and the properties of that length; undefined when there are none. Unknown properties and those
 * of other packets are malformed (5: 2.2.2.2), repeated ones and bad values protocol errors, too many PACKET_TOO_LARGE.
 */
export function readProperties(
  reader: ByteReader,
  carrier: PropertyCarrier,
  from: Sender,
  terms = STRICT,
): Properties | undefined {
  const length = reader.variableInteger();
  if (length === 0) return undefined;
  const packetEnd = reader.end;
  const start = reader.skip(length);
  reader.position = start;
  reader.end = start + length;
  const properties: Record<string, unknown> = {};
  const place = { carrier, from, terms };
  for (let count = 0; reader.left > 0; count += 1) {
    if (count === terms.maxProperties) throw tooManyProperties(carrier, count);
    readProperty(reader, properties, place);
  }
  reader.end = packetEnd;
  return properties as Properties;
}

function readProperty(reader: ByteReader, properties: Record<string, unknown>, place: Place): void {
  const id = reader.variableInteger();
  const here = ruleById(place.carrier, id);
  if (here === undefined) throw malformed(misplaced(place.carrier, id));
  const { rule, onlyFrom } = here;
  if (onlyFrom !== undefined && onlyFrom !== place.from) {
    throw protocolError(`a ${place.from} must not send ${rule.name} in ${place.carrier} [MQTT-3.3.4-6, 3.14.2-2]`);
  }
  const known = properties[rule.name];
  if (known !== undefined && !here.repeatable) throw protocolError(`${rule.name} comes twice`);
  const value = readValue(reader, rule);
  const refusal = refusalOf(value, rule, place.terms);
  if (refusal !== undefined) {
    if (place.terms.leftOut === undefined || !rule.harmless) throw refusal;
    place.terms.leftOut.push(rule.name);
    return;
  }
  if (rule.repeatableIn.length === 0) properties[rule.name] = value;
  else if (Array.isArray(known)) known.push(value);
  else properties[rule.name] = [value];
}

/** The value as its type has it, whether it is allowed or not. */
function readValue(reader: ByteReader, rule: PropertyRule): unknown {
  switch (rule.type) {
    case 'boolean':
      // one that is neither stays a number, to be refused
      return booleanOf(reader.u8());
    case 'u8':
      return reader.u8();
    case 'u16':
      return reader.u16();
    case 'u32':
      return reader.u32();
    case 'variable-integer':
      return reader.variableInteger();
    case 'string':
    case 'topic':
      return reader.string();
    case 'binary':
      return reader.binary();
    case 'pair':
      return [reader.string(), reader.string()];
  }
}

function booleanOf(byte: number): boolean | number {
  return byte > 1 ? byte : byte === 1;
}

/** Why a value that was read is not allowed: the packet parses, and is a protocol error (0x82, or a code that says more). */
function refusalOf(value: unknown, rule: PropertyRule, { topicProblem }: PropertyTerms): MillraceError | undefined {
  if (typeof value === 'number') {
    const inRange = rule.type !== 'boolean' && value >= rule.min && value <= rule.max;
    return inRange ? undefined : protocolError(`${rule.name} must not be ${value}`, rule.rangeCode);
  }
  if (rule.type !== 'topic' || typeof value !== 'string') return undefined;
  if (value === '') return protocolError(`${rule.name} is empty`);
  const problem = topicProblem(value);
  return problem === undefined ? undefined : protocolError(`${rule.name}: ${problem} [MQTT-3.3.2-14]`);
}
