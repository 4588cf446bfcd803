import { MillraceError } from '../../errors/millrace-error.js';
import type { Connection } from '../connection/connection.js';
import type { MessageIntake } from './message-intake.js';
import type { ResolvedSource } from './options/resolve-source.js';

/** From the first message that waits for us: a broker that answers SUBSCRIBE and UNSUBSCRIBE by itself has done so by then. */
const PATIENCE_MS = 2000;

/** What is opened. */
export interface OpeningLine {
  /** Closed again where it cannot be opened. */
  readonly line: Connection;
  /** Attached. What fails after the line counts as open is told to it. */
  readonly intake: MessageIntake;
  /** Ends the opening with ABORTED. */
  readonly signal: AbortSignal;
}

/**
 * Connects and subscribes. R14b: a broker may answer nothing before something of a resumed session is acknowledged, which takes a
 * reader (rumqttd 0.20). So the line counts as open when messages wait for us and their broker does not answer; what becomes of the
 * subscriptions is told by the intake then.
 */
export const openLine = async (source: ResolvedSource<unknown>, parts: OpeningLine): Promise<void> => {
  const { line, intake, signal } = parts;
  const opening = line.open(signal).catch((error: unknown) => {
    throw explained(source, MillraceError.from(error));
  });
  let handedOver = false;
  opening.catch((error: MillraceError) => {
    if (handedOver && error.code !== 'ABORTED') intake.lose(error);
  });
  try {
    await firstOf(opening, intake.owing);
    if (intake.failure !== undefined) throw intake.failure;
    handedOver = true;
  } catch (error) {
    await line.close();
    throw error;
  }
};

/** The opening, or the patience with it. */
const firstOf = async (opening: Promise<void>, owing: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = owing.then(
    () =>
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, PATIENCE_MS);
      }),
  );
  try {
    await Promise.race([opening, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** A source that cannot fall back says why it did not. */
const explained = ({ needsVersion5 }: ResolvedSource<unknown>, error: MillraceError): MillraceError => {
  if (needsVersion5 === undefined || error.code !== 'UNSUPPORTED_PROTOCOL_VERSION') return error;
  return new MillraceError(error.code, `the broker does not speak MQTT 5.0, and ${needsVersion5}`, {
    cause: error,
    advice:
      "Use a broker that speaks 5.0; or filters that do not overlap, and no options of 5.0 (retainAsPublished may be 'if-supported').",
  });
};
