// In which language the visitor is asked: the page's own, then the browser's, then the site's default.

const primary = (tag: string): string => tag.toLowerCase().split('-')[0]!;

export function chooseLanguage(page: string, browser: readonly string[], offered: readonly string[], standard: string): string {
  return [page, ...browser].map(primary).find((one) => offered.includes(one)) ?? standard;
}
