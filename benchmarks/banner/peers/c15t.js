// Bundled with React for the measurement, as a site's own build would: c15t without a server.
import { createElement as show } from 'react';
import { createRoot } from 'react-dom/client';
import { ConsentBanner, ConsentDialog, ConsentManagerProvider } from '@c15t/react';

const options = {
  mode: 'offline',
  consentCategories: ['necessary', 'measurement', 'marketing'],
  legalLinks: { privacyPolicy: { href: '/confidentialite' } },
  scripts: window.c15tScripts,
};
const root = document.body.appendChild(document.createElement('div'));
createRoot(root).render(show(ConsentManagerProvider, { options }, show(ConsentBanner), show(ConsentDialog)));
