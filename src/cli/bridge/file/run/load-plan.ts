import type { Reporter } from '../../../job/reporter.js';
import type { BridgePlan } from '../plan/bridge-plan.js';
import { makePlan } from '../plan/make-plan.js';
import { type FileProblem, problemLine } from '../read/problem.js';
import { readBridgeFile } from '../read/read-bridge-file.js';

/** Where a plan comes from. */
export interface PlanSource {
  /** A path. */
  readonly config: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Reads a file, and tells what is wrong with it or could be better. undefined: it is wrong. */
export async function loadPlan(
  { config, environment }: PlanSource,
  reporter: Reporter,
): Promise<BridgePlan | undefined> {
  const read = await readBridgeFile(config, environment);
  const plan = 'file' in read ? makePlan(read, config) : read;
  if (!('routes' in plan)) {
    for (const problem of plan) tellProblem(config, problem, reporter);
    return undefined;
  }
  for (const note of plan.notes) reporter.tell({ event: 'note', text: `note: ${note}`, facts: { note } });
  return plan;
}

function tellProblem(file: string, problem: FileProblem, reporter: Reporter): void {
  const { code, place, path, message, nearest } = problem;
  const facts = { file, ...place, path, code, message, nearest };
  reporter.tell({ event: 'problem', text: problemLine(file, problem), facts });
}
