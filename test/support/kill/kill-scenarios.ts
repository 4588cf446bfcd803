import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '../seeded-random.js';
import { until } from '../until.js';
import { type KillReport, KillRig, type KillRun } from './kill-rig.js';

/** How a scenario is played. */
export interface ScenarioOptions {
  /** How often the fault happens. */
  readonly rounds: number;
  readonly seed: number;
  /** Messages a second while it happens. Default 400. */
  readonly perSecond?: number;
  /** What is to be so before the first fault. Default: nothing. */
  readonly ready?: (rig: KillRig) => Promise<void>;
  /** Called with the number of each fault that has happened. */
  readonly onRound?: (round: number) => void;
}

/** What a scenario came to, and the proof that its fault happened. */
export interface ScenarioReport extends KillReport {
  readonly fired: number;
  /** Kills that hit the system before it ran again. */
  readonly inStart: number;
  /** How the system ended at last: an exit code, or what went wrong. */
  readonly ending: string;
}

/** A fault that happens again and again under load. */
export type Scenario = (run: KillRun, options: ScenarioOptions) => Promise<ScenarioReport>;

type Fault = (rig: KillRig, random: SeededRandom) => Promise<void>;

/** `kill -9` of the system at random moments: while it runs, and in the first round and now and then while it starts (A12). */
export const randomKills: Scenario = async (run, options) => {
  let inStart = 0;
  const report = await play(run, options, async (rig, random) => {
    await rig.kill();
    const back = rig.spawn().then(() => rig.running());
    rig.clockRecovery(back);
    const again = random.chance(0.2);
    if (inStart > 0 && !again) return back;
    back.catch(() => {});
    // What was quicker than the kill was no start any more.
    for (let within = 450; !(await killInStart(rig, random.below(within))); within /= 2) await rig.spawn();
    inStart += 1;
    await rig.start();
  });
  return { ...report, inStart };
};

/** Both connections are reset, at random moments. Needs proxies. */
export const randomCuts: Scenario = (run, options) =>
  play({ ...run, proxied: true }, options, async (rig, random) => {
    const { from, to } = proxiesOf(rig);
    const [first, second] = random.chance(0.5) ? [from, to] : [to, from];
    const before = from.connections + to.connections;
    first.cutAll('rst');
    await sleep(random.below(10));
    second.cutAll('rst');
    const back = until(() => from.active > 0 && to.active > 0 && from.connections + to.connections > before);
    rig.clockRecovery(back);
    await back;
  });

const BURST = 6;

/** The connection of one side is reset six times, 10 to 60 ms apart, so that brokers do not get to write what they owe. Needs proxies. */
export function burstsOfCuts(side: 'from' | 'to'): Scenario {
  return (run, options) =>
    play({ ...run, proxied: true }, options, async (rig, random) => {
      const proxy = proxiesOf(rig)[side];
      for (let cut = 0; cut < BURST; cut += 1) {
        proxy.cutAll('rst');
        await sleep(10 + random.below(50));
      }
      const back = until(() => proxy.active > 0);
      rig.clockRecovery(back);
      await back;
    });
}

/** The broker of one side stands still (SIGSTOP) for so long, which is to be longer than all timeouts of the system, and goes on. */
export function frozenBroker(side: 'from' | 'to', frozenMs: number): Scenario {
  return (run, options) =>
    play(run, options, async (rig) => {
      const { mosquitto } = rig.run[side];
      mosquitto.suspend();
      await sleep(frozenMs);
      rig.clockRecovery(Promise.resolve());
      mosquitto.resume();
    });
}

/** The broker of one side dies, as its profile does, and comes back. The load does not touch it meanwhile. */
export function brokerRestarts(side: 'from' | 'to'): Scenario {
  const verifier = side === 'to' ? 'mqttjs' : 'mosquitto';
  return (run, options) =>
    play({ ...run, verifier }, options, async (rig) => {
      // mosquitto's publisher is not to be disturbed: its own losses would be counted as ours.
      if (side === 'from') await rig.load.pause();
      const back = rig.run[side].restart();
      rig.clockRecovery(back);
      await back;
      rig.load.resume();
    });
}

/** Under load: waits for progress, then for a random moment, then the fault; `rounds` times; then everything is to arrive. */
async function play(run: KillRun, options: ScenarioOptions, fault: Fault): Promise<ScenarioReport> {
  const random = new SeededRandom(options.seed);
  await using rig = await KillRig.open(run);
  await rig.start();
  rig.load.pour(options.perSecond ?? 400, () => rig.draining);
  await options.ready?.(rig);
  let fired = 0;
  try {
    for (; fired < options.rounds; fired += 1) {
      await rig.untilMore(1 + random.below(80));
      await sleep(random.below(25));
      await fault(rig, random);
      options.onRound?.(fired + 1);
    }
  } catch (error) {
    // What promises nothing may stand still for good: that is a result.
    if (run.system.promise > 0) throw stuck(rig, fired, error);
  }
  await rig.load.stop();
  const report = await rig.settle();
  const { code, signal } = await rig.end();
  return { ...report, fired, inStart: 0, ending: signal ?? `exit code ${code}` };
}

/** With what it takes to see where it stands still. */
function stuck(rig: KillRig, round: number, cause: unknown): Error {
  const { load, verifier, proxies } = rig;
  const sides = Object.entries(proxies ?? {}).map(([side, proxy]) => {
    const seen = (['connect', 'pubrec', 'pubcomp', 'pingreq'] as const).map(
      (type) => `${proxy.count('client', type)} ${type}`,
    );
    return `${side}: ${seen.join(', ')}`;
  });
  const state = `${load.sent.length} sent, ${verifier.messages.length} seen; ${sides.join('; ')}`;
  return new Error(`round ${round + 1}: ${state}; the system said:\n${rig.tail()}`, { cause });
}

/** Kills it so much later. False when it said before that it runs. */
async function killInStart(rig: KillRig, ms: number): Promise<boolean> {
  await sleep(ms);
  await rig.kill();
  return !rig.ran;
}

function proxiesOf({ proxies }: KillRig) {
  if (proxies === undefined) throw new Error('the run has no proxies');
  return proxies;
}
