// The WordPress consent API: plugins of the site ask it. It is opt-in here, whatever the plugin would do without a banner.

import type { Signal } from './index';

const wpConsentApi: Signal = ({ states, call }) => (decided) => {
  if (decided) for (const [category, value] of Object.entries(states('allow', 'deny'))) call('wp_set_consent', category, value);
  else {
    (window as any).wp_consent_type = 'optin';
    document.addEventListener('consent:ready', () => document.dispatchEvent(new CustomEvent('wp_consent_type_defined')));
  }
};
export default wpConsentApi;
