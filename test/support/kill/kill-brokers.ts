import { type Mosquitto, type MosquittoOptions, startMosquitto } from '../brokers/mosquitto.js';

/**
 * How much a broker keeps when it dies: `durable` (BD: everything was saved), `lossy` (BL: what was saved of late, by its own
 * autosave) or `amnesic` (BA: nothing).
 */
export type BrokerProfile = 'durable' | 'lossy' | 'amnesic';

/** A broker with its way to die. */
export interface KillBroker {
  readonly mosquitto: Mosquitto;
  readonly profile: BrokerProfile;
  /** Dies as its profile does and comes back. */
  restart(): Promise<void>;
}

const AUTOSAVE = ['autosave_interval 1', 'autosave_on_changes true'];

/** Starts one. */
export async function startKillBroker(profile: BrokerProfile, options: MosquittoOptions = {}): Promise<KillBroker> {
  const mosquitto = await startMosquitto({
    ...options,
    persistence: profile !== 'amnesic',
    config: [...(profile === 'lossy' ? AUTOSAVE : []), ...(options.config ?? [])],
  });
  const restart = async () => {
    // Between SIGUSR1 and a kill it would go on, and forget what it did: it saves as its last act.
    if (profile === 'durable') await mosquitto.stop();
    else await mosquitto.kill();
    await mosquitto.start();
  };
  return { mosquitto, profile, restart };
}
