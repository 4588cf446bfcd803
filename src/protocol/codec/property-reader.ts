import type { Properties } from '../properties.js';
import type { Sender } from '../reason-code.js';
import { topicNameProblem } from '../topic.js';
import type { ByteReader } from './byte-reader.js';
import type { PropertyCarrier, PropertyRule } from './property-rule.js';
import { PROPERTY_RULES } from './property-table.js';
import { malformed, protocolError } from './refusal.js';

const BY_ID: (PropertyRule | undefined)[] = [];
for (const rule of PROPERTY_RULES) BY_ID[rule.id] = rule;

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
  while (reader.left > 0) readProperty(reader, properties, { carrier, from });
  reader.end = packetEnd;
  return properties as Properties;
}

function readProperty(
  reader: ByteReader,
  properties: Record<string, unknown>,
  place: { readonly carrier: PropertyCarrier; readonly from: Sender },
): void {
  const rule = ruleFor(reader.variableInteger(), place.carrier);
  const only = rule.onlyFrom[place.carrier];
  if (only !== undefined && only !== place.from) {
    throw protocolError(`a ${place.from} must not send ${rule.name} in ${place.carrier} [MQTT-3.3.4-6, 3.14.2-2]`);
  }
  const value = readValue(reader, rule);
  const known = properties[rule.name];
  if (known !== undefined && !rule.repeatableIn.includes(place.carrier))
    throw protocolError(`${rule.name} comes twice`);
  if (rule.repeatableIn.length === 0) properties[rule.name] = value;
  else if (Array.isArray(known)) known.push(value);
  else properties[rule.name] = [value];
}

function ruleFor(id: number, carrier: PropertyCarrier): PropertyRule {
  const rule = BY_ID[id];
  if (rule === undefined) throw malformed(`there is no property 0x${id.toString(16)}`);
  if (!rule.carriers.includes(carrier)) throw malformed(`${rule.name} is no property of ${carrier}`);
  return rule;
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
