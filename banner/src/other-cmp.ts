// Is another consent platform at work on this page? Two banners are none (UI-13): ours stays silent and its gates shut.

const NAMES = ['__tcfapi', 'axeptioSDK', 'Didomi', 'Cookiebot', 'tarteaucitron', 'OneTrust', 'klaro'];

export const otherPlatform = (): string | undefined =>
  NAMES.find((name) => {
    const found = (window as any)[name];
    return !!found && !(found instanceof Node) && !(found instanceof HTMLCollection); // not <a id="klaro">
  });
