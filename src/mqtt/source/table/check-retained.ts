import { MillraceError } from '../../../errors/millrace-error.js';
import { checkServerLimits } from '../../connection/granted/check-server-limits.js';
import type { ServerLimits } from '../../protocol/session/session-event.js';

/** What the CONNACK says against a table: without retained messages it would be empty for ever, and nothing else would tell [MQTT 5.0, 3.2.2.3.5]. */
export const checkRetained = (filter: string, limits: ServerLimits): MillraceError | undefined =>
  limits.retainAvailable
    ? checkServerLimits([{ filter, subscriptionIdentifier: undefined }], limits)
    : noneKept(filter);

const noneKept = (filter: string): MillraceError =>
  new MillraceError('UNSUPPORTED', `the broker keeps no retained messages, which the table of "${filter}" is made of`, {
    advice: 'Turn retained messages on at the broker, or load the rows from elsewhere: Tables.loaded, Tables.file.',
    details: { filter },
  });
