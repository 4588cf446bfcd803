import type { Properties } from '../properties.js';
import type { Sender } from '../reason-code.js';
import { topicNameProblem } from '../topic.js';
import type { ByteReader } from './byte-reader.js';
import { misplaced, ruleById } from './property-lookup.js';
import type { PropertyCarrier, PropertyRule } from './property-rule.js';
import { malformed, protocolError } from './refusal.js';

interface Place {
  readonly carrier: PropertyCarrier;
  readonly from: Sender;
}

/**
 * Reads a property length and the properties of that length; undefined when there are none. Unknown properties and those
 * of other packets are malformed (5: 2.2.2.2), repeated ones and bad values protocol errors.
 */
export function readProperties(reader: ByteReader, carrier: PropertyCarrier, from: Sender): Properties | undefined {
  const length = reader.variableInteger();
  if (length === 0) return undefined;
  const packetEnd = reader.end;
  const start = reader.skip(length);
  reader.position = start;
  reader.end = start + length;
  const properties: Record<string, unknown> = {};
  const place = { carrier, from };
  while (reader.left > 0) readProperty(reader, properties, place);
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
  if (rule.repeatableIn.length === 0) properties[rule.name] = value;
  else if (Array.isArray(known)) known.push(value);
  else properties[rule.name] = [value];
}

function readValue(reader: ByteReader, rule: PropertyRule): unknown {
  switch (rule.type) {
    case 'boolean':
      return inRange(reader.u8(), rule) === 1;
    case 'u8':
      return inRange(reader.u8(), rule);
    case 'u16':
      return inRange(reader.u16(), rule);
    case 'u32':
      return inRange(reader.u32(), rule);
    case 'variable-integer':
      return inRange(reader.variableInteger(), rule);
    case 'string':
      return reader.string();
    case 'topic':
      return topic(reader.string(), rule);
    case 'binary':
      return reader.binary();
    case 'pair':
      return [reader.string(), reader.string()];
  }
}

function inRange(value: number, rule: PropertyRule): number {
  if (value < rule.min || value > rule.max) {
    throw protocolError(`${rule.name} must not be ${value}`, rule.rangeCode);
  }
  return value;
}

function topic(value: string, rule: PropertyRule): string {
  const problem = topicNameProblem(value);
  if (problem === undefined) return value;
  throw value === '' ? protocolError(`${rule.name} is empty`) : malformed(`${rule.name}: ${problem} [MQTT-3.3.2-14]`);
}
