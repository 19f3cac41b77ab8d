var klaroConfig = {
  version: 1,
  acceptAll: true,
  groupByPurpose: true,
  lang: 'fr',
  translations: {
    fr: { privacyPolicyUrl: '/confidentialite', purposes: { audience: { title: 'Mesure d’audience' }, marketing: { title: 'Publicité' } } },
    en: { privacyPolicyUrl: '/confidentialite', purposes: { audience: { title: 'Audience measurement' }, marketing: { title: 'Advertising' } } },
  },
  services: [
    { name: 'google-analytics', title: 'Google Analytics', purposes: ['audience'], cookies: [/^_ga/] },
    { name: 'google-ads', title: 'Google Ads', purposes: ['marketing'], cookies: [/^_g(cl|ac)_/] },
    { name: 'meta-pixel', title: 'Meta Pixel', purposes: ['marketing'], cookies: ['_fbp', '_fbc'] },
    { name: 'mailerlite', title: 'MailerLite', purposes: ['marketing'], cookies: [/^mailerlite/] },
  ],
};
