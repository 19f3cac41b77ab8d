// PostHog: in or out, once somebody has decided. An opt-in is told on every page and would be captured each time as an event.

import type { Signal } from './index';

const posthog: Signal = ({ states, call }) => (decided) => {
  if (!decided) return;
  if (states(true, false).consent) call('posthog.opt_in_capturing', { captureEventName: false });
  else call('posthog.opt_out_capturing');
};
export default posthog;
