// Does this name match that pattern. A pattern is a name in which `*` stands for any run of characters. A linear glob:
// no regular expression is ever built from data. Python twin: consent_server/domain/name_pattern.py; both read
// tests/vectors/name_patterns.json.

export function matchesName(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  const head = parts[0]!;
  const last = parts.length - 1;
  if (!last) return name === pattern;
  if (!name.startsWith(head)) return false;
  let at = head.length;
  for (let i = 1; i < last; i++) {
    const found = name.indexOf(parts[i]!, at);
    if (found < 0) return false;
    at = found + parts[i]!.length;
  }
  const tail = parts[last]!;
  return name.length - at >= tail.length && name.endsWith(tail);
}

/** How specific a pattern is: exact before pattern, then more literal characters first. */
export const specificity = (pattern: string): number => {
  const literal = pattern.split('*').join('').length;
  return literal === pattern.length ? 1e6 : literal;
};
