// Matomo: consent to be tracked, or (`mode: cookies`) to cookies alone. Its own memory of a consent lasts for decades, so it
// is told anew on every page instead.

import type { Signal } from './index';

const matomo: Signal = ({ settings, states, push }) => {
  const what = settings.mode === 'cookies' ? 'CookieConsent' : 'Consent';
  let given: boolean | undefined;
  return (decided) => {
    const before = given;
    given = states(true, false).consent;
    if (!decided) push('_paq', [['require' + what]]);
    else if (given) push('_paq', [['set' + what + 'Given']]);
    else if (before) push('_paq', [['forget' + what + 'Given']]);
  };
};
export default matomo;
