/*
 * `millrace check` is tried with HiveMQ CE, ejabberd, RabbitMQ and Mochi, too. This installs those that are missing and can be had here: of
 * Debian as root, or by Go and Maven in `build/check-brokers`, once. The tests of the others say so and are skipped.
 */
import { installCheckBrokers } from './check-brokers.js';

for (const reason of installCheckBrokers()) console.error(reason);
