// Members of our own objects whose names the build may shorten, because nobody outside the runtime sees them. A name may
// stand here only if neither the platform, nor the configuration, nor a {placeholder} of a text, nor CONTRACT.md, nor what
// we keep on the device has a member of that name which we touch. When in doubt leave it out: it costs a few bytes.
export const INTERNAL_NAMES = `
  judgeUrl judgeName judgeElement writer writes placeholder allowed mentions known writers
  guard inspect inspectAll heldUrl hold urls serviceOf over forget seen judge run mark spent script tell listener topic waiting
  configuration answering events outbox engine saved cleanup openGates changed isReady stores jar later own sameSite
  expire adopt post view opened granted consentId ask settle declaration voice pick
  release held refused rules choice notes now state read write seconds closed save show send fetch url store base receipt
  again begin loaded subdomains weight months pair node priority area tracker
`.trim().split(/\s+/);
