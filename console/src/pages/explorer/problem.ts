import type { Problem } from '../../explorer/validate';
import type { Text } from '../../i18n';

export function problemText(problem: Problem, text: Text): string {
  const words = text.explorer.problems;
  switch (problem.kind) {
    case 'required':
      return words.required;
    case 'number':
      return words.number;
    case 'range':
      return words.range(problem.low ?? '−∞', problem.high ?? '∞');
    case 'length':
      return words.length(problem.low ?? 0, problem.high ?? '∞');
    case 'items':
      return words.items(problem.low ?? 0, problem.high ?? '∞');
    case 'enum':
      return words.enum((problem.words ?? []).join(', '));
    case 'one-of':
      return words.oneOf(problem.path);
  }
}
