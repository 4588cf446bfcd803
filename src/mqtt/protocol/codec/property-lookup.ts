import type { Sender } from '../reason-code.js';
import type { PropertyCarrier, PropertyRule } from './property-rule.js';
import { PROPERTY_RULES } from './property-table.js';

/** A rule as it applies in one carrier. */
export interface CarrierRule {
  readonly rule: PropertyRule;
  /** It may come more than once here; anywhere else a second one is a protocol error. */
  readonly repeatable: boolean;
  /** The only end that may send it here. */
  readonly onlyFrom: Sender | undefined;
}

interface CarrierRules {
  readonly byId: readonly (CarrierRule | undefined)[];
  readonly byName: ReadonlyMap<string, CarrierRule>;
}

const CARRIERS = [...new Set(PROPERTY_RULES.flatMap((rule) => rule.carriers))];
const BY_CARRIER = new Map<PropertyCarrier, CarrierRules>(CARRIERS.map((carrier) => [carrier, rulesIn(carrier)]));
const BY_ID = new Map<number, PropertyRule>(PROPERTY_RULES.map((rule) => [rule.id, rule]));
const BY_NAME = new Map<string, PropertyRule>(PROPERTY_RULES.map((rule) => [rule.name, rule]));

/** The rule of a property id in a carrier; undefined when it must not be there. */
export function ruleById(carrier: PropertyCarrier, id: number): CarrierRule | undefined {
  return BY_CARRIER.get(carrier)?.byId[id];
}

/** The rule of a property name in a carrier; undefined when it must not be there. */
export function ruleByName(carrier: PropertyCarrier, name: string): CarrierRule | undefined {
  return BY_CARRIER.get(carrier)?.byName.get(name);
}

/** Why a property must not be in a carrier, for messages. */
export function misplaced(carrier: PropertyCarrier, property: number | string): string {
  const rule = typeof property === 'number' ? BY_ID.get(property) : BY_NAME.get(property);
  const shown = typeof property === 'number' ? `0x${property.toString(16)}` : property;
  return rule === undefined ? `there is no property ${shown}` : `${rule.name} is no property of ${carrier}`;
}

function rulesIn(carrier: PropertyCarrier): CarrierRules {
  const byId: (CarrierRule | undefined)[] = new Array<CarrierRule | undefined>(0x2b).fill(undefined);
  const byName = new Map<string, CarrierRule>();
  for (const rule of PROPERTY_RULES) {
    if (!rule.carriers.includes(carrier)) continue;
    const here = { rule, repeatable: rule.repeatableIn.includes(carrier), onlyFrom: rule.onlyFrom[carrier] };
    byId[rule.id] = here;
    byName.set(rule.name, here);
  }
  return { byId, byName };
}
