import { NAME_PATTERN } from './formats.js';
import type { Field, RecordShape, Shape } from './shape.js';

/** A schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What stands for a value that the environment has. */
const VARIABLE = { type: 'string', pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^{}]*)?\\}' } as const;

/** The JSON Schema of a declaration, for editors: it knows no variables' values, no names of brokers, and no loops. */
export function jsonSchemaOf(shape: RecordShape, about: JsonSchema): JsonSchema {
  const schema = schemaOf(shape);
  const merge = { '<<': {} };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...about,
    ...schema,
    patternProperties: { '^x-': {} },
    properties: { ...Object(schema.properties), ...merge },
  };
}

function schemaOf(shape: Shape): JsonSchema {
  switch (shape.kind) {
    case 'text':
      // a number without quotes is read as the text that stands there
      return { type: ['string', 'number'], ...(shape.format === 'name' ? { pattern: NAME_PATTERN } : {}) };
    case 'choice':
      return { anyOf: [{ enum: shape.of }, VARIABLE] };
    case 'whole':
      return { anyOf: [{ type: 'integer', minimum: shape.min ?? 0, maximum: shape.max }, VARIABLE] };
    case 'seconds':
      return { anyOf: [{ type: 'number', minimum: 0, maximum: shape.max }, VARIABLE] };
    case 'flag':
      return { anyOf: [{ type: 'boolean' }, VARIABLE] };
    case 'list':
      return { type: 'array', minItems: 1, items: schemaOf(shape.of) };
    case 'named':
      return {
        type: 'object',
        minProperties: 1,
        propertyNames: { anyOf: [{ pattern: NAME_PATTERN }, { const: '<<' }] },
        additionalProperties: schemaOf(shape.of),
      };
    case 'record':
      return recordSchema(shape);
  }
}

function recordSchema({ fields }: RecordShape): JsonSchema {
  const entries = Object.entries(fields);
  const required = entries.filter(([, { required }]) => required === true).map(([name]) => name);
  const properties = Object.fromEntries(entries.map(([name, field]) => [name, fieldSchema(field)]));
  // what is merged in may have what is required: only the check that follows a merge knows
  const needed = { anyOf: [{ required }, { required: ['<<'] }] };
  return {
    type: 'object',
    additionalProperties: false,
    properties: { ...properties, '<<': {} },
    ...(required.length === 0 ? {} : needed),
  };
}

const fieldSchema = ({ shape, help, fallback }: Field): JsonSchema => ({
  description: `${help.replaceAll('`', '')}.${fallback === undefined ? '' : ` Default: ${fallback.replaceAll('`', '')}.`}`,
  ...schemaOf(shape),
});
