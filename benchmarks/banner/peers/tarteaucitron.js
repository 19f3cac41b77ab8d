tarteaucitron.init({
  privacyUrl: '/confidentialite',
  bodyPosition: 'bottom',
  orientation: 'bottom',
  showAlertSmall: false,
  cookieslist: false,
  showIcon: true,
  iconPosition: 'BottomRight',
  adblocker: false,
  DenyAllCta: true,
  AcceptAllCta: true,
  highPrivacy: true,
  removeCredit: true,
  moreInfoLink: true,
  mandatory: true,
});
tarteaucitron.job = tarteaucitron.job || [];
for (const [key, type, name, url] of TAGS) {
  tarteaucitron.services[key] = { key, type, name, needConsent: true, cookies: [], uri: '/confidentialite', js: () => tarteaucitron.addScript(url) };
  tarteaucitron.job.push(key);
}
