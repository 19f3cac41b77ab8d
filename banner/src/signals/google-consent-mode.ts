// Google Consent Mode v2: seven keys, denied before any tag of the page, one update for each decision, on every page.
// Tags stay held until they are granted ("basic" mode); the configuration may let them load earlier ("advanced"). With it go
// the lifetimes that Google's tags give their cookies: 13 months at the most, not prolonged by visits.

import type { Signal } from './index';

const googleConsentMode: Signal = ({ site, settings, states, push }) => {
  // Google's tags take an `arguments` object for a command, and an array for data.
  const gtag = function (...args: unknown[]): void {
    push('dataLayer', [arguments], 'gtag', args);
  };
  return (decided) => {
    if (decided) return gtag('consent', 'update', states('granted', 'denied'));
    gtag('consent', 'default', { ...states('granted', 'denied'), wait_for_update: settings.wait_for_update });
    gtag('set', 'ads_data_redaction', true);
    gtag('set', 'url_passthrough', false);
    gtag('set', { cookie_expires: site.max_lifetime_seconds, cookie_update: false });
  };
};
export default googleConsentMode;
