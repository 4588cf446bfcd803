/*
 * npm run docs: the reference of all that the package exports, as HTML in build/api. TypeDoc makes it from the types that are packed: it
 * cannot use our compiler (7 has no interface to its trees), but an older one reads what that one wrote. A warning is an error: a public
 * name without text, a link that leads nowhere, a type that is seen and not exported.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureTools, toolsRequire } from './ensure-tools.mjs';
import { manifest, root } from './package/packed.mjs';
import { runStep } from './run-step.mjs';

ensureTools();
runStep('npm', ['run', '--silent', 'build'], { cwd: root });
const { Application, ReflectionKind } = await import(pathToFileURL(toolsRequire.resolve('typedoc')).href);

/** What a user imports, by the file that has its types. */
const modules = new Map(
  Object.entries(manifest.exports)
    .filter(([, target]) => target.types !== undefined)
    .map(([subpath, { types }]) => [
      types.replace(/^\.\/dist\/|(\/?index)?\.d\.ts$/g, ''),
      subpath.replace('.', manifest.name),
    ]),
);

/** Parts of types that nobody has to name: what is written with them is told where they stand. */
const PARTS = [
  ...[
    'ERROR_KINDS',
    'TopicChoice',
    'SubscriptionsChoice',
    'SampleMeta',
    'Unless',
    'Given',
    'PipelineGraph',
    'StoredMessages',
  ],
  ...['Kind', 'Begin', 'Buffers', 'AverageState', 'BestState', 'SumState', 'Comparable'],
  ...['AllOfState', 'DistinctState', 'EndState', 'TrendState', 'SketchState'],
];

const UNNAMED = new Set([ReflectionKind.Module, ReflectionKind.Constructor]);

const app = await Application.bootstrap({
  name: `${manifest.name} ${manifest.version}`,
  entryPoints: Object.values(manifest.exports).flatMap(({ types }) => (types === undefined ? [] : join(root, types))),
  tsconfig: join(root, 'tools/tsconfig.json'),
  readme: join(root, 'README.md'),
  out: join(root, 'build/api'),
  disableSources: true,
  excludePrivate: true,
  validation: { notExported: true, invalidLink: true, notDocumented: false },
  intentionallyNotExported: PARTS,
});
const project = await app.convert();
if (project === undefined) throw new Error('TypeDoc could not read the types');
for (const module of project.children) module.name = modules.get(module.name.replace(/^index$/, '')) ?? module.name;
app.validate(project);
for (const name of withoutText(project)) app.logger.warn(`${name} has no text`);
await app.generateOutputs(project);
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
else console.log(`The reference is built: build/api, ${project.children.length} entries.`);

/**
 * Every exported name, and every member of a class, an interface or a namespace, must say what it is. Not what stands in a type that has no
 * name, which is told with what has it; nor a field that is one of some texts (`type: 'message'`), which say it themselves.
 */
function withoutText(reflection) {
  return (reflection.children ?? []).flatMap((child) => {
    if (child.isReference?.() || child.flags.isInherited) return [];
    return [...(isTold(child) ? [] : [child.getFriendlyFullName()]), ...withoutText(child)];
  });
}

/** One of some values, which say what they are. */
function isChosen(type) {
  return type?.type === 'literal' || (type?.type === 'union' && type.types.every(isChosen));
}

function isTold(reflection) {
  const { kind, type, signatures, getSignature } = reflection;
  if (UNNAMED.has(kind) || isChosen(type)) return true;
  const all = [reflection, ...(signatures ?? []), ...(getSignature === undefined ? [] : [getSignature])];
  const calls = type?.type === 'reflection' ? (type.declaration.signatures ?? []) : [];
  return [...all, ...calls].some(({ comment }) => comment?.hasVisibleComponent());
}
