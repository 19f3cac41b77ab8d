// An event in the site's data layer for tag managers: what was decided, purpose by purpose, on every page and at each change.

import type { Signal } from './index';

const dataLayer: Signal = ({ settings, decisions, push }) => (decided) => {
  if (decided) push('dataLayer', [{ event: settings.event, consent: decisions() }]);
};
export default dataLayer;
