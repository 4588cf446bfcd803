/*
 * The layers of `src`: what a folder may import, and whether it is pure. From this table `npm run layers` makes the section of
 * `biome.json` by which lint refuses everything else; `npm run lint` refuses a section that is not made from it.
 */

/** @typedef {{ folder: string, imports: readonly string[], pure?: boolean }} Layer */

const BELOW = ['errors', 'internal', 'metrics'];
const MQTT = [...BELOW, 'mqtt/protocol', 'mqtt/connection', 'connector'];

/** @type {readonly Layer[]} */
export const LAYERS = [
  { folder: 'errors', imports: [] },
  { folder: 'internal', imports: ['errors'] },
  { folder: 'metrics', imports: ['errors', 'internal'] },
  { folder: 'mqtt/protocol', imports: ['errors'], pure: true },
  { folder: 'mqtt/connection', imports: [...BELOW, 'mqtt/protocol'] },
  { folder: 'mqtt/source', imports: MQTT },
  { folder: 'mqtt/sink', imports: MQTT },
  { folder: 'connector/testing', imports: [...BELOW, 'connector', 'store'] },
  { folder: 'connector', imports: [...BELOW, 'mqtt/protocol'] },
  { folder: 'pipeline', imports: [...BELOW, 'connector'] },
  { folder: 'store', imports: ['errors', 'internal'] },
  { folder: 'engine', imports: [...BELOW, 'connector', 'pipeline', 'store'] },
  {
    folder: 'cli',
    imports: [
      ...BELOW,
      'mqtt/protocol',
      'mqtt/connection',
      'mqtt/source',
      'mqtt/sink',
      'connector',
      'pipeline',
      'engine',
      'store',
    ],
  },
];
