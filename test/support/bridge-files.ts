import type { BridgePlan } from '../../src/cli/bridge/file/plan/bridge-plan.js';
import { makePlan } from '../../src/cli/bridge/file/plan/make-plan.js';
import { type FileProblem, problemLine } from '../../src/cli/bridge/file/read/problem.js';
import { parseBridgeText } from '../../src/cli/bridge/file/read/read-bridge-file.js';

/** A two-way bridge that is right. */
export const TWO_WAY = `# between two sites
x-shared: &shared
  guarantee: at-least-once
brokers:
  edge:
    url: mqtt://edge:1883
    username: bridge
    password: \${EDGE_PASSWORD}
  cloud:
    url: mqtts://cloud:8883
routes:
  up:
    <<: *shared
    from: edge
    to: cloud
    filters: [plant/#]
    exclude: [plant/cmd/#]
    topic: site7/{topic}
    clientId: site7-up
  down:
    <<: *shared
    from: cloud
    to: edge
    filters:
      - site7/cmd/+
    topic: plant/cmd/{level.3}
    clientId: site7-down
`;

export const ENVIRONMENT = { EDGE_PASSWORD: 'from-the-environment', EMPTY: '' };

/** What a text leads to, as if it stood in a file of `folder`. */
export async function planOf(
  text: string,
  {
    environment = ENVIRONMENT,
    folder = '/nowhere',
    readByOthers = false,
  }: {
    environment?: NodeJS.ProcessEnv;
    folder?: string;
    readByOthers?: boolean;
  } = {},
): Promise<BridgePlan | readonly FileProblem[]> {
  const read = await parseBridgeText(text, environment);
  return 'file' in read ? makePlan({ ...read, readByOthers }, `${folder}/bridge.yaml`) : read;
}

/** Of a text that is right. */
export async function rightPlan(...given: Parameters<typeof planOf>): Promise<BridgePlan> {
  const plan = await planOf(...given);
  if ('routes' in plan) return plan;
  throw new Error(plan.map((problem) => problemLine('bridge.yaml', problem)).join('\n'));
}

/** Of a text that is wrong: the lines that people see. */
export async function problemsOf(...given: Parameters<typeof planOf>): Promise<readonly string[]> {
  const plan = await planOf(...given);
  return 'routes' in plan ? [] : plan.map((problem) => problemLine('bridge.yaml', problem));
}
