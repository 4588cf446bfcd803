/*
 * Tests of the cluster run against real NATS servers, of two versions. This makes sure that they are there: silent when they are, else it
 * installs them in `build/nats-server`. Where it cannot, those tests say so and are skipped; in CI this fails.
 */
import { HOW_TO_INSTALL, installNatsServers } from './nats-servers.js';

const missing = installNatsServers();
for (const reason of missing) console.error(reason);
if (missing.length > 0) console.error(`The tests of the cluster need nats-server: ${HOW_TO_INSTALL}.`);
if (process.env.CI === 'true' && missing.length > 0) process.exitCode = 1;
