/** The filter language of SearchGameServerSessions, checked before a request is made. */
const kNumbers = new Set(['maximumSessions', 'creationTimeMillis', 'playerSessionCount']);
const kStrings = new Set(['gameServerSessionName', 'gameServerSessionId', 'hasAvailablePlayerSessions']);
const kToken = /\s*(?:(\(|\))|(<>|>=|<=|=|>|<)|'((?:[^'\\]|\\.)*)'|([A-Za-z0-9_.\-:/]+))/y;

interface Token {
  text: string;
  kind: 'paren' | 'operator' | 'quoted' | 'word';
  at: number;
}

/** The position (from 0) of the first thing that is wrong, or null when the expression is in order. */
export function checkFilter(expression: string): number | null {
  const tokens: Token[] = [];
  kToken.lastIndex = 0;
  while (kToken.lastIndex < expression.length) {
    const start = kToken.lastIndex;
    if (expression.slice(start).trim() === '') break;
    const match = kToken.exec(expression);
    if (!match) return start;
    const kind = match[1] ? 'paren' : match[2] ? 'operator' : match[3] !== undefined ? 'quoted' : 'word';
    tokens.push({ kind, text: match[1] ?? match[2] ?? match[3] ?? match[4] ?? '', at: start });
  }
  let index = 0;
  const wrong = () => tokens[index]?.at ?? expression.length;
  const isWord = (word: string) => tokens[index]?.kind === 'word' && tokens[index]!.text.toUpperCase() === word;

  const comparison = (): number | null => {
    const name = tokens[index];
    const property = name?.text.startsWith('gameServerSessionProperties.') && name.text.length > 28;
    if (name?.kind !== 'word' || !(property || kNumbers.has(name.text) || kStrings.has(name.text))) return wrong();
    index += 1;
    const operator = tokens[index];
    const allowed = kNumbers.has(name.text) ? ['=', '<>', '>', '>=', '<', '<='] : ['=', '<>'];
    if (operator?.kind !== 'operator' || !allowed.includes(operator.text)) return wrong();
    index += 1;
    const value = tokens[index];
    if (value?.kind !== 'word' && value?.kind !== 'quoted') return wrong();
    if (kNumbers.has(name.text) && !/^-?\d+$/.test(value.text)) return wrong();
    if (name.text === 'hasAvailablePlayerSessions' && !/^(true|false)$/.test(value.text)) return wrong();
    index += 1;
    return null;
  };
  const term = (depth: number): number | null => {
    if (depth > 32) return wrong();
    if (isWord('NOT')) {
      index += 1;
      return term(depth + 1);
    }
    if (tokens[index]?.text === '(' && tokens[index]!.kind === 'paren') {
      index += 1;
      const inner = expressionOf(depth + 1);
      if (inner !== null) return inner;
      if (tokens[index]?.text !== ')') return wrong();
      index += 1;
      return null;
    }
    return comparison();
  };
  const expressionOf = (depth: number): number | null => {
    for (;;) {
      const failed = term(depth);
      if (failed !== null) return failed;
      if (!isWord('AND') && !isWord('OR')) return null;
      index += 1;
    }
  };
  if (tokens.length === 0) return null;
  const failed = expressionOf(0);
  if (failed !== null) return failed;
  return index < tokens.length ? wrong() : null;
}
