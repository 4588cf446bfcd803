/*
 * npm run layers [-- --check]: makes the section of `biome.json` that holds the layers (`layers.mjs`), or tells whether it is as it
 * would be made.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAYERS } from './layers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = join(root, 'biome.json');
/** What a pure folder must not name. */
const IMPURE = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'Date',
  'process',
  'Buffer',
  'Promise',
];

/** The folder and those in it, from `src`. */
function foldersIn(folder) {
  const inside = readdirSync(join(root, 'src', folder), { recursive: true, withFileTypes: true });
  const paths = inside.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return [folder, ...paths.map((path) => path.slice(join(root, 'src').length + 1).replaceAll('\\', '/'))];
}

/** The nearest layer that a folder lies in. */
const layerOf = (path) =>
  LAYERS.filter(({ folder }) => path === folder || path.startsWith(`${folder}/`)).sort(
    (a, b) => b.folder.length - a.folder.length,
  )[0];

/** Import paths to another layer from each folder of this one: those that must not be written. */
function forbidden(layer) {
  const from = foldersIn(layer.folder).filter((path) => layerOf(path) === layer);
  const to = LAYERS.filter((other) => other !== layer && !layer.imports.includes(other.folder));
  const patterns = from.flatMap((path) => to.map(({ folder }) => `${posix.relative(path, folder)}/**`));
  return [...new Set(patterns)].map((pattern) => (pattern.startsWith('.') ? pattern : `./${pattern}`)).sort();
}

const rule = (layer) => ({
  includes: [
    `src/${layer.folder}/**`,
    ...LAYERS.filter(({ folder }) => folder.startsWith(`${layer.folder}/`)).map(({ folder }) => `!src/${folder}/**`),
  ],
  linter: { rules: { style: { noRestrictedImports: { level: 'error', options: { patterns: patternsOf(layer) } } } } },
});

function patternsOf(layer) {
  const names = layer.imports.length === 0 ? 'nothing' : layer.imports.join(', ');
  const message = `${layer.folder}/ may import only from: ${names} (scripts/layers.mjs)`;
  const group = forbidden(layer);
  const layers = group.length === 0 ? [] : [{ group, message }];
  return layer.pure === true
    ? [...layers, { group: ['node:*', 'ws'], message: `${layer.folder}/ is pure: no platform imports` }]
    : layers;
}

const purity = ({ folder }) => ({
  includes: [`src/${folder}/**`],
  javascript: { globals: [] },
  linter: {
    rules: {
      style: {
        noRestrictedGlobals: {
          level: 'error',
          options: {
            deniedGlobals: Object.fromEntries(
              IMPURE.map((name) => [name, `${folder}/ is pure: no timer, clock or platform`]),
            ),
          },
        },
      },
    },
  },
});

const config = JSON.parse(readFileSync(file, 'utf8'));
const others = config.overrides.filter(({ includes }) => !includes.some((glob) => glob.startsWith('src/')));
const overrides = [...LAYERS.map(rule), ...LAYERS.filter(({ pure }) => pure === true).map(purity), ...others];
if (process.argv.includes('--check')) {
  if (JSON.stringify(config.overrides) !== JSON.stringify(overrides)) {
    console.error('biome.json does not have the layers of scripts/layers.mjs: npm run layers');
    process.exit(1);
  }
} else writeFileSync(file, `${JSON.stringify({ ...config, overrides }, undefined, 2)}\n`);
