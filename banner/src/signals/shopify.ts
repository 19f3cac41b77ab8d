// Shopify's customer privacy API: the shop's own platform, which loads that API when it is asked to. What it knows already
// is not sent again on every page.

import type { Signal } from './index';

const FEATURES = [{ name: 'consent-tracking-api', version: '0.1' }];

const shopify: Signal = ({ states, call }) => (decided) => {
  if (!decided) return;
  call('Shopify.loadFeatures', FEATURES, (error: unknown) => {
    if (error) return;
    const known = (window as any).Shopify.customerPrivacy.currentVisitorConsent?.();
    if (Object.entries(states('yes', 'no')).some(([key, answer]) => known?.[key] !== answer))
      call('Shopify.customerPrivacy.setTrackingConsent', states(true, false), () => {});
  });
};
export default shopify;
