window.orejimeConfig = {
  privacyPolicyUrl: '/confidentialite',
  purposes: [
    { id: 'google-analytics', title: 'Google Analytics', description: 'Compter les visiteurs et comprendre leur parcours.', cookies: [/^_ga/] },
    {
      id: 'marketing',
      title: 'Publicité',
      description: 'Mesurer et cibler la publicité.',
      cookies: [],
      purposes: [
        { id: 'google-ads', title: 'Google Ads', cookies: [/^_g(cl|ac)_/] },
        { id: 'meta-pixel', title: 'Meta Pixel', cookies: ['_fbp', '_fbc'] },
        { id: 'mailerlite', title: 'MailerLite', cookies: [/^mailerlite/] },
      ],
    },
  ],
};
