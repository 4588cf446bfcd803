import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import timers from 'node:timers/promises';
import { SeededRandom } from '../seeded-random.js';
import type { SimBroker } from './sim-broker.js';
import { SimClock } from './sim-clock.js';
import { SimDisk } from './sim-disk.js';
import type { SimLife } from './sim-life.js';
import { type LinkSpeed, SimLink } from './sim-link.js';
import { SimSocket } from './sim-socket.js';

/** Virtual milliseconds that a look at the clock costs, so that work takes time. */
const LOOK_MS = 0.01;
const EPOCH_MS = Date.UTC(2026, 0, 1);
const NOBODY: SimLife = { alive: false, beforeIo: () => {}, enter: (run) => run() };

/**
 * Everything around a process: time, chance, network, disk and brokers. While a world runs, the process in it is the real program: the
 * globals it uses (timers, clocks, `Math.random`, `net.connect`) are the world's, and nothing else makes it differ from run to run.
 */
export class SimWorld {
  readonly clock = new SimClock();
  readonly random: SeededRandom;
  readonly disk: SimDisk;
  readonly brokers = new Map<number, SimBroker>();
  readonly links: { readonly port: number; readonly link: SimLink; readonly life: SimLife }[] = [];
  linkSpeed: LinkSpeed = { minMs: 0.1, maxMs: 3 };
  /** The process whose code is running, and what it awaits: each step of the clock enters one at most. */
  life: SimLife = NOBODY;
  /** Told of each connection that a process is about to make. */
  onConnect: (link: SimLink, port: number, life: SimLife) => void = () => {};

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.disk = new SimDisk(this.clock, this.random);
  }

  /** Runs until `done` says so or nothing is left up to `untilMs`; true in the first case. */
  async run(done: () => boolean, untilMs: number): Promise<boolean> {
    const restore = install(this);
    try {
      await settled();
      while (!done()) {
        if (!this.clock.step(untilMs)) return done();
        await settled();
      }
      return true;
    } finally {
      restore();
    }
  }

  /** The connections to a broker that are there. */
  linksTo(port: number): readonly SimLink[] {
    return this.links.filter((one) => one.port === port && one.link.alive).map(({ link }) => link);
  }

  /** Milliseconds since 1970. */
  get dateMs(): number {
    return Math.floor(EPOCH_MS + this.clock.now);
  }

  connect(port: number): SimSocket {
    const broker = this.brokers.get(port);
    if (broker === undefined) throw new Error(`no broker listens on port ${port}`);
    const link = new SimLink(this.clock, this.random, this.linkSpeed);
    const { life } = this;
    const socket = new SimSocket({ clock: this.clock, life, link });
    this.onConnect(link, port, life);
    this.clock.after(this.random.next() * 5, () => {
      if (broker.down || !socket.open) {
        socket.refused();
        return;
      }
      const kept = this.links.filter((one) => one.link.alive);
      this.links.splice(0, this.links.length, ...kept, { port, link, life });
      link.attach(socket, broker.accept(link));
      socket.connected();
    });
    return socket;
  }
}

/** All that promises lead to has happened: the queue of ticks comes after that of promises. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

class SimTimer {
  alive = true;
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
}

function install(world: SimWorld): () => void {
  const { clock } = world;
  const before = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    setImmediate: globalThis.setImmediate,
    clearImmediate: globalThis.clearImmediate,
    random: Math.random,
    dateNow: Date.now,
  };
  const begin = (timer: SimTimer, run: (...args: unknown[]) => void, ms: number, args: unknown[]): SimTimer => {
    const { life } = world;
    const owner = {
      get alive() {
        return timer.alive && life.alive;
      },
    };
    const due = (): void => {
      if (owner.alive) run(...args);
    };
    clock.after(Math.max(ms, 0), () => life.enter(due), owner);
    return timer;
  };
  const later = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): SimTimer =>
    begin(new SimTimer(), run, ms, args);
  const again = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): SimTimer => {
    const timer = new SimTimer();
    const turn = (): void => {
      begin(timer, turn, ms, []);
      run(...args);
    };
    return begin(timer, turn, ms, []);
  };
  const cancel = (timer: unknown): void => {
    if (timer instanceof SimTimer) timer.alive = false;
  };
  const patches = {
    setTimeout: later,
    clearTimeout: cancel,
    setInterval: again,
    clearInterval: cancel,
    setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => later(run, 0, ...args),
    clearImmediate: cancel,
  };
  Object.assign(globalThis, patches);
  Math.random = () => world.random.next();
  Date.now = () => Math.floor(EPOCH_MS + clock.now + (world.life.clockAheadMs ?? 0));
  performance.now = () => clock.spend(LOOK_MS) + (world.life.clockAheadMs ?? 0);
  present = world;
  return () => {
    const { random, dateNow, ...globals } = before;
    Object.assign(globalThis, globals);
    Math.random = random;
    Date.now = dateNow;
    Reflect.deleteProperty(performance, 'now');
    present = undefined;
  };
}

async function simulatedSleep(
  ms?: number,
  value?: unknown,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<unknown> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    globalThis.setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  return value;
}

/** The world that runs. */
let present: SimWorld | undefined;

// the product imports these by name: what it gets is replaced once, and is the real one while no world runs
const { setTimeout: sleep } = timers;
Object.assign(timers, {
  setTimeout: (...args: Parameters<typeof sleep>) => (present === undefined ? sleep(...args) : simulatedSleep(...args)),
});
const { connect } = net;
Object.assign(net, {
  connect: (...args: Parameters<typeof connect>) => {
    const [{ port }] = args as unknown as [{ readonly port: number }];
    return present === undefined ? connect(...args) : present.connect(port);
  },
});
syncBuiltinESMExports();
