/*
 * npm run recipes-check: the recipes as those read them who run them: the unit by systemd's own check and its judgement of how much a
 * service may do, the compose file by the schema of its specification, the manifest by those of Kubernetes. Each check must refuse a copy
 * with a mistake, too. Where this machine has no systemd-analyze that is said. What they lead to is run by test/integration/recipes.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { ensureTools } from './ensure-tools.mjs';
import { runStep } from './run-step.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'tools/node_modules');
const work = mkdtempSync(join(tmpdir(), 'millrace-recipes-'));
/** Of 100, by `systemd-analyze security`. */
const MOST_EXPOSED = 15;
/** How keys and services are sorted is ours to say. */
const NOT_ASKED = ['service-keys-order', 'services-alphabetical-order'];

const CHECKS = [
  {
    file: 'recipes/systemd/millrace.service',
    check: checkUnit,
    mistake: ['ProtectSystem=strict', 'ProtectSystem=strikt'],
    needs: 'systemd-analyze',
  },
  {
    file: 'recipes/container/compose.yaml',
    check: checkCompose,
    mistake: ['stop_grace_period', 'stop_grace_time'],
  },
  {
    file: 'recipes/kubernetes/millrace.yaml',
    check: checkManifest,
    mistake: ['readOnlyRootFilesystem', 'readonlyRootFilesystem'],
  },
];

/** The program that it starts need not be here. */
function checkUnit(text) {
  const unit = copy('millrace.service', text.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));
  const said = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
  // a key that it does not know is a line, and no failure
  if (said.status !== 0 || said.stderr !== '') throw new Error(said.stderr);
  runStep('systemd-analyze', ['security', '--offline=true', `--threshold=${MOST_EXPOSED}`, unit]);
}

function checkCompose(text) {
  const rules = NOT_ASKED.flatMap((rule) => ['--disable-rule', rule]);
  const dclint = join(modules, 'dclint/bin/dclint.cjs');
  runStep(process.execPath, [dclint, copy('compose.yaml', text), ...rules, '--max-warnings', '0']);
}

/** By the schemas for what values are, and by their types for keys: the schemas take those that they do not know. */
async function checkManifest(text) {
  const objects = parseAllDocuments(text).map((document) => document.toJS());
  const lines = [];
  for (const object of objects) {
    const { apiVersion, kind } = object;
    const model = join(modules, 'kubernetes-models', apiVersion, kind);
    const { [kind]: Model } = await import(pathToFileURL(`${model}.js`).href);
    new Model(object).validate();
    lines.push(`import type { I${kind} } from '${model}';`, `(${JSON.stringify(object)}) satisfies I${kind};`);
  }
  const tsc = join(modules, 'typescript/bin/tsc');
  const file = copy('manifest.ts', lines.join('\n'));
  const how = '--noEmit --strict --module esnext --moduleResolution bundler --target es2022 --skipLibCheck'.split(' ');
  // where no types of other packages are found
  runStep(process.execPath, [tsc, ...how, file], { cwd: work });
}

function copy(name, text) {
  const path = join(work, name);
  writeFileSync(path, text);
  return path;
}

async function mustRefuse(check, text, [right, wrong]) {
  if (!text.includes(right)) throw new Error(`there is no ${right} to be wrong`);
  const refused = await Promise.resolve(text.replace(right, wrong))
    .then(check)
    .then(
      () => false,
      () => true,
    );
  if (!refused) throw new Error(`${wrong} is not noticed: the check is worth nothing`);
}

ensureTools();
try {
  for (const { file, check, mistake, needs } of CHECKS) {
    if (needs !== undefined && spawnSync(needs, ['--version']).error !== undefined) {
      console.log(`${file}: not checked, there is no ${needs} here`);
      continue;
    }
    const text = readFileSync(join(root, file), 'utf8');
    await check(text);
    await mustRefuse(check, text, mistake);
    console.log(`${file}: right`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
