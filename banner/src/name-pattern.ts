// Does this name match that pattern. A pattern is a name in which `*` stands for any run of characters. A linear glob:
// no regular expression is ever built from data. Python twin: consent_server/domain/name_pattern.py; both read
// tests/vectors/name_patterns.json.

export function matchesName(pattern: string, name: string): boolean {
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop();
  if (tail === undefined) return name === pattern;
  if (!name.startsWith(head)) return false;
  let at = head.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - at >= tail.length && name.endsWith(tail);
}

/** How specific a pattern is: exact before pattern, then more literal characters first. */
export const specificity = (pattern: string): number => {
  const literal = pattern.split('*').join('').length;
  return literal === pattern.length ? 1e6 : literal;
};
