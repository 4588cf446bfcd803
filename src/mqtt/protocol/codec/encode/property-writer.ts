import type { Properties } from '../../properties.js';
import type { Sender } from '../../reason-code.js';
import { checkTopicName } from '../../topic.js';
import { type CarrierRule, misplaced, ruleByName } from '../property-lookup.js';
import type { PropertyCarrier, PropertyRule } from '../property-rule.js';
import { invalidMessage } from '../protocol-error.js';
import type { ByteWriter } from './byte-writer.js';

/** Where properties are written to, and by whom; without a sender either end's are allowed. */
export interface PropertyPlace {
  readonly carrier: PropertyCarrier;
  readonly from: Sender | undefined;
}

/** Whether there is a property with a value: a member that is undefined counts as absent, as does an empty list, of which nothing is written. */
export function hasProperties(properties: Properties | undefined): properties is Properties {
  for (const name in properties) {
    const value: unknown = properties[name as keyof Properties];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) return true;
  }
  return false;
}

/** Writes the property length [MQTT-2.2.2-1] and the properties; throws INVALID_MESSAGE or INVALID_TOPIC. */
export function writeProperties(writer: ByteWriter, properties: Properties | undefined, place: PropertyPlace): void {
  const start = writer.openSection();
  for (const name in properties) {
    const value: unknown = properties[name as keyof Properties];
    if (value !== undefined) writeProperty(writer, ruleFor(name, place), value);
  }
  writer.closeSection(start);
}

function ruleFor(name: string, place: PropertyPlace): CarrierRule {
  const here = ruleByName(place.carrier, name);
  if (here === undefined) throw invalidMessage(`Invalid properties: ${misplaced(place.carrier, name)}`);
  if (here.onlyFrom !== undefined && place.from !== undefined && here.onlyFrom !== place.from) {
    throw invalidMessage(`A ${place.from} must not send ${name} in ${place.carrier} [MQTT-3.3.4-6, 3.14.2-2]`);
  }
  return here;
}

function writeProperty(writer: ByteWriter, here: CarrierRule, value: unknown): void {
  const { rule } = here;
  if (rule.repeatableIn.length === 0) {
    writeOne(writer, rule, value);
    return;
  }
  if (!Array.isArray(value)) throw invalidMessage(`${rule.name} must be a list`);
  if (value.length > 1 && !here.repeatable) throw invalidMessage(`Only one of ${rule.name} is allowed here`);
  for (const one of value) writeOne(writer, rule, one);
}

function writeOne(writer: ByteWriter, rule: PropertyRule, value: unknown): void {
  writer.variableInteger(rule.id, rule.name);
  switch (rule.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw invalidMessage(`${rule.name} must be true or false`);
      writer.u8(value ? 1 : 0, rule.name);
      break;
    case 'u8':
      writer.u8(inRange(value, rule), rule.name);
      break;
    case 'u16':
      writer.u16(inRange(value, rule), rule.name);
      break;
    case 'u32':
      writer.u32(inRange(value, rule), rule.name);
      break;
    case 'variable-integer':
      writer.variableInteger(inRange(value, rule), rule.name);
      break;
    case 'string':
      writer.string(value as string, rule.name);
      break;
    case 'topic':
      checkTopicName(String(value));
      writer.string(value as string, rule.name);
      break;
    case 'binary':
      writer.binary(value as Uint8Array, rule.name);
      break;
    case 'pair':
      writePair(writer, rule, value);
      break;
  }
}

function writePair(writer: ByteWriter, rule: PropertyRule, value: unknown): void {
  if (!Array.isArray(value) || value.length !== 2) throw invalidMessage(`${rule.name} takes pairs of name and value`);
  writer.string(value[0], rule.name);
  writer.string(value[1], rule.name);
}

function inRange(value: unknown, rule: PropertyRule): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < rule.min || value > rule.max) {
    throw invalidMessage(`${rule.name} must be an integer from ${rule.min} to ${rule.max}, not ${String(value)}`);
  }
  return value;
}
