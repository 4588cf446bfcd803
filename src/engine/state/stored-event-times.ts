import type { EventTimes, EventTimesState } from '../../pipeline/time/event-times.js';
import { storeKeys } from '../layout/keys/store-keys.js';
import type { Overlay } from '../layout/overlay.js';
import { readEventTimes } from '../layout/values/event-times-record.js';
import { encodeStored } from '../layout/values/stored-value.js';
import type { CommitPart } from '../tick/commit-part.js';

/**
 * The event time of a durable job: how far it has come is in the commit of the inputs that moved it.
 *
 * ET1. After a crash at any instant the watermark is that of the inputs which are covered: what was late is late again, and nothing else is.
 */
export class StoredEventTimes implements CommitPart {
  readonly #times: EventTimes;
  /** As the store has it, or will have it with the commit under way. */
  #sealed: EventTimesState;
  /** As at `begin`. */
  #saved: EventTimesState;

  /** Takes up what the store has. @throws MillraceError STORE_CORRUPT */
  constructor(times: EventTimes, overlay: Overlay) {
    this.#times = times;
    const bytes = overlay.get(storeKeys.eventTimes);
    if (bytes !== undefined) times.recover(readEventTimes(bytes));
    this.#sealed = times.state;
    this.#saved = this.#sealed;
  }

  get changed(): boolean {
    const { sources, merged } = this.#times.state;
    const { sources: sealedSources, merged: sealedMerged } = this.#sealed;
    return (
      sources.some(([, { watermark, pace }], index) => {
        const before = sealedSources[index]?.[1];
        return watermark !== before?.watermark || pace !== before.pace;
      }) || merged.some(([, watermark], index) => watermark !== sealedMerged[index]?.[1])
    );
  }

  /** One small record, whatever has changed. */
  get changedBytes(): number {
    return 0;
  }

  begin(): void {
    this.#saved = this.#times.state;
  }

  undo(): void {
    this.#times.restore(this.#saved);
  }

  sealInto(overlay: Overlay): void {
    this.#sealed = this.#times.state;
    overlay.put(storeKeys.eventTimes, encodeStored(this.#sealed));
  }

  /** The overlay has had it since the seal. */
  committed(): void {}
}
