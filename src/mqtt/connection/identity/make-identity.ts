import type { MqttConnectionOptions } from '../options/mqtt-connection-options.js';
import { PassingIdentity } from './passing-identity.js';
import { RecordedIdentity } from './recorded-identity.js';
import type { SessionIdentity } from './session-identity.js';

/** The one place where a connection with a store and one without it part. `onLost`: as in `RecordedIdentity`. @throws as that */
export const makeIdentity = (options: MqttConnectionOptions, onLost: (wentBack: boolean) => void): SessionIdentity =>
  options.past === undefined
    ? new PassingIdentity(options, () => onLost(false))
    : new RecordedIdentity(options, options.past, onLost);
