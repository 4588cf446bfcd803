import type { Field, RecordShape, Shape } from './shape.js';

/** The tables of the documents: one for each record, its keys as rows. */
export function docsTables(shape: RecordShape): string {
  return sectionsOf(shape, '')
    .map(({ title, fields }) => `${title}\n\n${tableOf(fields)}`)
    .join('\n\n');
}

interface Section {
  readonly title: string;
  readonly fields: RecordShape['fields'];
}

function sectionsOf(shape: RecordShape, path: string): readonly Section[] {
  const title = path === '' ? 'At the top:' : `In \`${path}\`:`;
  const inner = Object.entries(shape.fields).flatMap(([name, field]) => innerSections(field.shape, `${path}${name}`));
  return [{ title, fields: shape.fields }, ...inner];
}

function innerSections(shape: Shape, path: string): readonly Section[] {
  if (shape.kind === 'named') return sectionsOf(shape.of, `${path}.NAME.`).map(trimmed);
  return shape.kind === 'record' ? sectionsOf(shape, `${path}.`).map(trimmed) : [];
}

/** Of the path of a record the point at its end belongs to its keys. */
const trimmed = ({ title, fields }: Section): Section => ({ title: title.replace('.`:', '`:'), fields });

function tableOf(fields: RecordShape['fields']): string {
  const rows = Object.entries(fields).map(([name, field]) => rowOf(name, field));
  return ['| key | value | default | |', '|---|---|---|---|', ...rows].join('\n');
}

function rowOf(name: string, { shape, required, help, fallback }: Field): string {
  const standard = required === true ? 'needed' : (fallback ?? '');
  return `| \`${name}\` | ${wordsOf(shape)} | ${standard} | ${help} |`.replace(/ {2}/g, ' ');
}

function wordsOf(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return shape.secret === true ? 'secret' : shape.format === 'name' ? 'name of a broker' : (shape.format ?? 'text');
    case 'choice':
      return shape.of.map((choice) => `\`${choice}\``).join(', ');
    case 'whole':
      return `${shape.min ?? 0} to ${shape.max}`;
    case 'seconds':
      return 'seconds';
    case 'flag':
      return '`true`, `false`';
    case 'list':
      return `list of ${wordsOf(shape.of)}`;
    default:
      return 'see below';
  }
}
