/** Quality of service under the names of Jet's connector; the numbers 0, 1 and 2 are accepted everywhere too. */
export const QualityOfService = {
  /** Sent once, and nothing answers it: it may be lost. */
  AT_MOST_ONCE: 0,
  /** Answered by PUBACK: it may come again after a cut. */
  AT_LEAST_ONCE: 1,
  /** Answered by PUBREC and PUBCOMP: as long as both ends keep the session, a cut neither loses nor doubles it. */
  EXACTLY_ONCE: 2,
} as const;

/** 0, 1 or 2. */
export type QualityOfService = (typeof QualityOfService)[keyof typeof QualityOfService];
