// Mixpanel: in or out, once somebody has decided. An opt-in is told on every page and would be counted each time as an event.

import type { Signal } from './index';

const mixpanel: Signal = ({ states, call }) => (decided) => {
  if (!decided) return;
  if (states(true, false).consent) call('mixpanel.opt_in_tracking', { track() {} });
  else call('mixpanel.opt_out_tracking');
};
export default mixpanel;
