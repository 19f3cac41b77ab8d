// The language's own words as they were before the page: where the sources say `new Map` or `Object.assign`, the build
// puts these (build.mjs). What stands on prototypes is sound.ts's.

export const { Map: $Map, Set: $Set, WeakMap: $WeakMap, WeakSet: $WeakSet, Date: $Date, RegExp: $RegExp, decodeURIComponent: $decode } = globalThis;
export const { isArray: $isArray, from: $from } = Array;
export const { max: $max, min: $min, floor: $floor } = Math;
export const { UTC: $UTC } = Date;
export const { assign: $assign, create: $create, entries: $entries, fromEntries: $fromEntries, keys: $keys, values: $values, setPrototypeOf: $setPrototypeOf } = Object;
