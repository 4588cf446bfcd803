import type { Table, TableKey } from '../../../connector/tables/table.js';
import { onceLoaded } from '../../../internal/once-loaded.js';
import { copyPayload } from '../items/map-to-item.js';
import { resolveTable, type TableSettings } from './resolve-table.js';
import type { MqttTableOptions } from './table-options.js';

/** What opens a connection: a process that only builds pipelines does not load it. */
const loadTable = onceLoaded(() => import('./retained-table.js'));

const asItIs = (topic: string): string => topic;

/** Any of the ways in which a table is asked for, with the defaults of its functions. */
export const mqttTable = (given: string | Partial<MqttTableOptions<unknown, TableKey>>): Table<TableKey, unknown> => {
  const options = typeof given === 'string' ? { topic: given } : given;
  const settings = { mapToRowFn: copyPayload, keyFn: asItIs, ...options } as TableSettings<TableKey, unknown>;
  const table = resolveTable(settings);
  return Object.freeze<Table<TableKey, unknown>>({
    name: table.name,
    open: async (context) => {
      const { RetainedTable } = await loadTable();
      return new RetainedTable(table, context).open();
    },
  });
};
