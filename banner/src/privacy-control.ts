// Global Privacy Control, as a script hears it (GPC-01). It is only ever a no: that it is missing says nothing (GPC-03).

import { asked } from './choice';
import type { Configuration } from './configuration';

export const isControlled = (): boolean => (navigator as any).globalPrivacyControl === true;

/** The purposes that it refuses on this site (GPC-02). */
export const controlledPurposes = (configuration: Configuration): string[] => {
  const { purposes = [] } = (configuration.signals.gpc || {}) as { purposes?: string[] };
  return asked(configuration).map(({ id }) => id).filter((id) => purposes.includes(id));
};
