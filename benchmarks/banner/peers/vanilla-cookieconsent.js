import '/files/vanilla-cookieconsent.umd.js';

CookieConsent.run({
  guiOptions: { consentModal: { layout: 'box', position: 'bottom right', equalWeightButtons: true } },
  categories: {
    necessary: { enabled: true, readOnly: true },
    audience: { autoClear: { cookies: [{ name: /^_ga/ }] } },
    marketing: { autoClear: { cookies: [{ name: /^_g(cl|ac)_/ }, { name: '_fbp' }, { name: '_fbc' }, { name: /^mailerlite/ }] } },
  },
  language: {
    default: 'fr',
    autoDetect: 'document',
    translations: {
      fr: {
        consentModal: {
          title: 'Votre vie privée',
          description: 'IABAKO et ses partenaires voudraient lire et écrire des informations sur votre appareil pour mesurer l’audience et pour la publicité.',
          acceptAllBtn: 'Tout accepter',
          acceptNecessaryBtn: 'Tout refuser',
          showPreferencesBtn: 'Personnaliser',
          footer: '<a href="/confidentialite">Confidentialité</a>',
        },
        preferencesModal: {
          title: 'Vos choix',
          acceptAllBtn: 'Tout accepter',
          acceptNecessaryBtn: 'Tout refuser',
          savePreferencesBtn: 'Enregistrer',
          closeIconLabel: 'Fermer',
          sections: [
            { title: 'Nécessaires', description: 'Ce sans quoi le site ne fonctionne pas.', linkedCategory: 'necessary' },
            { title: 'Mesure d’audience', description: 'Google Analytics : compter les visiteurs et comprendre leur parcours.', linkedCategory: 'audience' },
            { title: 'Publicité', description: 'Google Ads, Meta, MailerLite : mesurer et cibler la publicité.', linkedCategory: 'marketing' },
          ],
        },
      },
      en: {
        consentModal: {
          title: 'Your privacy',
          description: 'IABAKO and its partners would like to read and write information on your device to measure audience and for advertising.',
          acceptAllBtn: 'Accept all',
          acceptNecessaryBtn: 'Refuse all',
          showPreferencesBtn: 'Customise',
          footer: '<a href="/confidentialite">Privacy</a>',
        },
        preferencesModal: {
          title: 'Your choices',
          acceptAllBtn: 'Accept all',
          acceptNecessaryBtn: 'Refuse all',
          savePreferencesBtn: 'Save',
          closeIconLabel: 'Close',
          sections: [
            { title: 'Necessary', description: 'What the site does not work without.', linkedCategory: 'necessary' },
            { title: 'Audience measurement', description: 'Google Analytics: counts visitors and follows their path.', linkedCategory: 'audience' },
            { title: 'Advertising', description: 'Google Ads, Meta, MailerLite: measure and target advertising.', linkedCategory: 'marketing' },
          ],
        },
      },
    },
  },
});
