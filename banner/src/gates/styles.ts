// Style that scripts and markup carry with them: an address that may not load is marked (asked.ts), which leaves the rest
// of the style as it is, and unmarked when it may. Images and fonts of a style load when the page is drawn, after the
// observer has seen it; only @import loads at once.

import { MARK, restyle } from '../asked';
import { isConnected, localName, ownerDocument } from '../dom';
import { accessor, guard, guardMethod, quietly, readers } from '../page';
import type { CreateGate } from './gate';

/** Methods that take style as text: class, name, which argument. */
const METHODS = [
  'CSSStyleSheet insertRule 0', 'CSSStyleSheet addRule 1', 'CSSStyleSheet replace 0', 'CSSStyleSheet replaceSync 0',
  'CSSGroupingRule insertRule 0', 'CSSStyleRule insertRule 0', 'CSSKeyframesRule appendRule 0',
];
const MOST_TURNED = 1000;
const FONT_FACE = 5; // CSSRule.FONT_FACE_RULE

export const styles: CreateGate = ({ elements, judgeText, judgeUrl, rules, told }) => {
  const turned = new Set<object>(); // elements, sheets and rules in which something is marked
  const { read: cssOf, write: setCss } = accessor(CSSStyleDeclaration.prototype, 'cssText');
  const { read: textOf, write: setText } = accessor(Node.prototype, 'textContent');
  const [elementsStyle, rulesStyle] = ['HTMLElement', 'CSSStyleRule'].flatMap((type) => readers(type, 'style'));

  /** The same style with what may load, and without what may not. */
  function turn(css: string, whose: object): string {
    if (!rules.mentions(css)) return css;
    const fresh = restyle(css, (url) => !judgeUrl(url).allowed);
    if (fresh !== css) told('styles', css, judgeText(css));
    if (fresh.includes(MARK) && turned.size < MOST_TURNED) turned.add(whose);
    return fresh;
  }

  /** Look through an element's own style, a rule, or a sheet. */
  function sweep(thing: any): void {
    const style = quietly(() => elementsStyle!(thing)) ?? quietly(() => rulesStyle!(thing)) ?? thing.style;
    if (style) {
      const css = cssOf(style);
      const fresh = turn(css, thing);
      if (fresh !== css) setCss(style, fresh);
    }
    const sheet = thing.sheet || thing;
    [...(sheet.cssRules || [])].forEach((rule, i) => {
      const css = rule.cssText;
      const fresh = turn(css, sheet);
      if (fresh === css) return;
      if (rule.type !== FONT_FACE && (rule.style || rule.cssRules)) return sweep(rule);
      sheet.deleteRule(i); // an @import cannot be changed; a font could not be in Firefox
      sheet.insertRule(fresh, i);
    });
  }

  function seen(element: Element): void {
    const isSheet = localName(element) === 'style';
    const css = isSheet && textOf(element);
    if (isSheet && !(isConnected(element) && ownerDocument(element) === document)) {
      const fresh = turn(css, element);
      if (fresh !== css) setText(element, fresh);
    } else if (!isSheet || rules.mentions(css)) sweep(element);
  }

  elements.look('style,[style*="("]', (element) => void quietly(() => seen(element)));
  elements.text('style', turn);
  for (const door of METHODS) {
    const [type, name, at] = door.split(' ') as [string, string, string];
    guardMethod((globalThis as any)[type]?.prototype, name, (self, args, pass) => {
      const css = '' + args[+at];
      const fresh = turn(css, self);
      return fresh === css ? undefined : () => pass(self, args.map((one, i) => (i === +at ? fresh : one)));
    });
  }
  // A rule's style may be changed by a property of its own, which nobody tells.
  for (const name of ['style', 'styleMap']) guard(CSSStyleRule.prototype, name, { get: (rule) => queueMicrotask(() => void quietly(() => sweep(rule))) });
  const faces = new Map<FontFace, () => FontFace>();
  guard(window, 'FontFace', {
    construct(made, args, pass) {
      const css = '' + args[1];
      const fresh = turn(css, faces);
      return fresh === css ? undefined : () => {
        const face = pass(made, [args[0], fresh, args[2]]);
        faces.set(face, () => (turn(css, faces) === css ? pass(made, args) : face));
        return face;
      };
    },
  });
  return {
    name: 'styles',
    open() {
      for (const [face, again] of faces) {
        const fresh = again(); // a face that could not load never will
        if (fresh !== face && document.fonts.has(face) && faces.delete(face)) document.fonts.add(fresh);
      }
      const all = [...turned];
      turned.clear();
      for (const thing of all) quietly(() => sweep(thing));
    },
  };
};
