import { type ChaosProxy, startChaosProxy } from '../proxy/chaos-proxy.js';

/** What is done to the connections of somebody: they are reset, and refused from then on; or what goes in a direction does not arrive. */
export type CutHow = 'reset' | 'black hole' | 'nothing comes in' | 'nothing goes out';

/** One proxy, from who connects to whom. */
interface Wire {
  readonly from: string;
  readonly to: string;
  readonly proxy: ChaosProxy;
}

/** A cut that lasts until it is healed. */
export interface NetworkCut {
  /** It has hit something: connections were reset, or something is held. */
  readonly fired: boolean;
  heal(): void;
}

/** The network between nodes, NATS servers and brokers, each known by a name: a proxy for each pair that connects. */
export class ClusterNetwork implements AsyncDisposable {
  readonly #wires: Wire[] = [];

  /**
   * The proxy by which one reaches another, that listens on the port; made when there is none.
   * @param opaque what passes is not MQTT
   */
  async wire(from: string, to: string, port: number, { opaque }: { readonly opaque: boolean }): Promise<ChaosProxy> {
    const known = this.#wires.find((wire) => wire.from === from && wire.to === to);
    known?.proxy.retarget({ port });
    if (known !== undefined) return known.proxy;
    const proxy = await startChaosProxy({ to: { port }, opaque });
    this.#wires.push({ from, to, proxy });
    return proxy;
  }

  /** Cuts somebody off from those peers. Default: from all. */
  cut(who: string, how: CutHow, isPeer: (name: string) => boolean = () => true): NetworkCut {
    const ours = this.#wires.filter(({ from, to }) => (from === who && isPeer(to)) || (to === who && isPeer(from)));
    const connections = ours.reduce((sum, { proxy }) => sum + proxy.active, 0);
    for (const wire of ours) strike(wire, who, how);
    return {
      get fired() {
        return how === 'reset' ? connections > 0 : ours.some(({ proxy }) => proxy.held > 0);
      },
      heal: () => {
        for (const { proxy } of ours) proxy.heal();
      },
    };
  }

  /** Connections so far, of somebody to those peers. */
  connections(who: string, isPeer: (name: string) => boolean): number {
    return this.#wires
      .filter(({ from, to }) => from === who && isPeer(to))
      .reduce((sum, { proxy }) => sum + proxy.connections, 0);
  }

  /** What has passed so far is not kept. */
  forget(): void {
    for (const { proxy } of this.#wires) proxy.seen.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#wires.map(({ proxy }) => proxy.close()));
  }
}

const strike = ({ from, proxy }: Wire, who: string, how: CutHow): void => {
  if (how === 'reset') {
    proxy.refuse();
    proxy.cutAll('rst');
  } else if (how === 'black hole') proxy.blackhole('both');
  else proxy.blackhole((how === 'nothing goes out') === (from === who) ? 'to-server' : 'to-client');
};
