import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { rightPlan } from '../support/bridge-files.js';
import { tempDir } from '../support/temp-dir.js';

const fileOf = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const BRIDGE = fileOf('recipes/bridge.yaml');
const UNIT = fileOf('recipes/systemd/millrace.service');
const DOCKERFILE = fileOf('recipes/container/Dockerfile');
const { bridge } = parse(fileOf('recipes/container/compose.yaml')).services;
const [configMap, service, statefulSet] = parseAllDocuments(fileOf('recipes/kubernetes/millrace.yaml')).map((one) =>
  one.toJS(),
);
const pod = statefulSet.spec.template.spec;
const [container] = pod.containers;

test('each recipe gives a stop more time than the file lets it wait, so that none is killed while it drains', async () => {
  const { drainTimeout } = parse(BRIDGE);
  const times = [
    /^TimeoutStopSec=(\d+)$/m.exec(UNIT)?.[1],
    parseInt(bridge.stop_grace_period, 10),
    pod.terminationGracePeriodSeconds,
  ];
  for (const time of times) assert.ok(Number(time) >= drainTimeout + 5, `${time}`);
});

test('the file of the recipes is right as it stands, without a note', async () => {
  const folder = tempDir('recipe');
  writeFileSync(join(folder, 'cloud-password'), 'secret', { mode: 0o600 });
  const environment = { CLOUD_URL: 'mqtts://cloud:8883', CREDENTIALS_DIRECTORY: folder };
  const plan = await rightPlan(BRIDGE, { environment });
  assert.deepEqual([...plan.routes.keys()], ['up', 'down']);
  assert.deepEqual(plan.notes, []);
  assert.equal(configMap.data['bridge.yaml'], BRIDGE);
});

test('the recipes are of this version, and agree on user, port and arguments', () => {
  const { version } = JSON.parse(fileOf('package.json'));
  assert.equal(/^ARG MILLRACE_VERSION=(.*)$/m.exec(DOCKERFILE)?.[1], version);
  assert.equal(container.image, `millrace:${version}`);
  const user = /^USER (\d+):(\d+)$/m.exec(DOCKERFILE)?.slice(1).map(Number);
  assert.deepEqual(
    [user, bridge.user],
    [[pod.securityContext.runAsUser, pod.securityContext.runAsGroup], user?.join(':')],
  );
  assert.equal(container.ports[0].containerPort, service.spec.ports[0].port);
  const common = ['bridge', '-c', '/etc/millrace/bridge.yaml', '--http'];
  const unit = /^ExecStart=\S+ (.*)$/m.exec(UNIT)?.[1]?.split(' ') ?? [];
  const image = JSON.parse(/^CMD (.*)$/m.exec(DOCKERFILE)?.[1] ?? '');
  for (const args of [unit, image, container.args]) {
    assert.deepEqual(args.slice(0, 4), common);
    assert.match(args[4], /:9090$/);
  }
});
