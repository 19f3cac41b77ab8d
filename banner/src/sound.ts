// The words of the language that stand on prototypes. Our code is written in them (`names.filter(…)`), and a page may have
// put others there by the time it runs: an old library, or somebody who wants to be let through. Whatever calls us goes
// through here: where the words are the same nothing happens; where they are not, ours stand there while we are at work.

const { defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
const { create, getPrototypeOf, getOwnPropertyDescriptors } = Object;
const { iterator, replace, split, matchAll } = Symbol;

const array = [].values();
const owners: any[] = [[], '', /x/, new Map(), new WeakMap(), new WeakSet(), array, new Map().values(), getPrototypeOf(array), new Set(), new Set().values(), ''.matchAll(/x/g)].map(getPrototypeOf);
// Each with all that its own has; what is a prototype is quick to read.
const kept: any[] = owners.map((owner) => getPrototypeOf(create(create({}, getOwnPropertyDescriptors(owner)))));
const [A, S, R, M, W, V, I, J, P] = owners;
const [a, s, r, m, w, v, i, j, p] = kept;

// Each of these words alone could open a road; so written, one after the other, engines make it a few nanoseconds.
const intact = (): boolean =>
  A.every === a.every && A.filter === a.filter && A.find === a.find && A.flatMap === a.flatMap && A.forEach === a.forEach && A.includes === a.includes &&
  A.join === a.join && A.map === a.map && A.pop === a.pop && A.push === a.push && A.slice === a.slice && A.some === a.some && A[iterator] === a[iterator] &&
  A.constructor === a.constructor &&
  S.endsWith === s.endsWith && S.includes === s.includes && S.indexOf === s.indexOf && S.matchAll === s.matchAll && S.replace === s.replace &&
  S.slice === s.slice && S.split === s.split && S.startsWith === s.startsWith && S.toLowerCase === s.toLowerCase && S.trim === s.trim &&
  R.exec === r.exec && R.test === r.test && R[replace] === r[replace] && R[split] === r[split] && R[matchAll] === r[matchAll] &&
  M.delete === m.delete && M.get === m.get && M.has === m.has && M.set === m.set && W.delete === w.delete && W.get === w.get && W.has === w.has && W.set === w.set &&
  V.add === v.add && V.has === v.has && I.next === i.next && J.next === j.next && P[iterator] === p[iterator];

/** Put our words where the page's are; nothing in here may use one. Gives what takes ours away again. */
function mend(): () => void {
  const theirs: any = { __proto__: null };
  let count = 0;
  for (let p = 0; p < owners.length; p++) {
    const owner = owners[p];
    const names = ownKeys(kept[p]);
    for (let q = 0; q < names.length; q++) {
      const name = names[q]!;
      const before = getOwnPropertyDescriptor(owner, name);
      const ours = getOwnPropertyDescriptor(kept[p], name)!;
      if (before && before.value === ours.value && before.get === ours.get) continue;
      theirs[count++] = () => (before ? defineProperty(owner, name, { __proto__: null, ...before } as PropertyDescriptor) : delete owner[name]);
      defineProperty(owner, name, { __proto__: null, ...ours } as PropertyDescriptor);
    }
  }
  return () => {
    while (count) theirs[--count]();
  };
}

/** Do it with the language as it was. */
export function soundly<T>(deed: (...given: any[]) => T, first?: unknown, second?: unknown, third?: unknown): T {
  let undo;
  try {
    undo = !intact() && mend();
  } catch {
    undo = mend(); // a getter of the page's
  }
  try {
    return deed(first, second, third);
  } finally {
    if (undo) undo();
  }
}
