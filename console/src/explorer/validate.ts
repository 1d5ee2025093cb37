import type { ActionModel, FieldModel, Json, Model, Values } from './model';

export interface Problem {
  /** `RuntimeConfiguration.ServerProcesses.0.LaunchPath` */
  path: string;
  kind: 'required' | 'number' | 'range' | 'length' | 'items' | 'enum' | 'one-of';
  low?: number;
  high?: number;
  words?: string[];
}

/** A form's values without what was left empty. */
export function compact(values: Values): Values {
  const result: Values = {};
  for (const [key, value] of Object.entries(values)) {
    const kept = compactOne(value);
    if (kept !== undefined) result[key] = kept;
  }
  return result;
}

function compactOne(value: Json): Json | undefined {
  if (value === null || value === '') return undefined;
  if (Array.isArray(value)) {
    const items = value.map(compactOne).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (typeof value === 'object') {
    const inner = compact(value);
    return Object.keys(inner).length > 0 ? inner : undefined;
  }
  return value;
}

const outside = (value: number, low: number | undefined, high: number | undefined) =>
  (low !== undefined && value < low) || (high !== undefined && value > high);

function checkScalar(field: FieldModel, value: Json, path: string, item: boolean): Problem[] {
  const limits = field.constraints ?? {};
  const words = item ? limits.item_enum : limits.enum;
  if (words && !limits.open_enum && !words.map(String).includes(String(value))) {
    return [{ path, kind: 'enum', words: words.map(String) }];
  }
  if (field.type === 'Integer' || field.type === 'Float') {
    const wrong = typeof value !== 'number' || !Number.isFinite(value) || (field.type === 'Integer' && !Number.isInteger(value));
    if (wrong) return [{ path, kind: 'number' }];
    return outside(value, limits.min, limits.max) ? [{ path, kind: 'range', low: limits.min, high: limits.max }] : [];
  }
  if (field.type === 'String' && typeof value === 'string') {
    const low = item ? limits.item_min_len : limits.min_len;
    const high = item ? limits.item_max_len : limits.max_len;
    return outside([...value].length, low, high) ? [{ path, kind: 'length', low, high }] : [];
  }
  return [];
}

function checkOne(model: Model, field: FieldModel, value: Json, path: string, item: boolean): Problem[] {
  if (field.type !== 'Object') return checkScalar(field, value, path, item);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [{ path, kind: 'required' }];
  return checkFields(model, model.objects[field.object ?? ''] ?? [], value, `${path}.`);
}

function checkFields(model: Model, fields: FieldModel[], values: Values, prefix: string): Problem[] {
  return fields.flatMap((field): Problem[] => {
    const path = prefix + field.name;
    const value = values[field.name];
    if (value === undefined) return field.required ? [{ path, kind: 'required' }] : [];
    if (!field.list) return checkOne(model, field, value, path, false);
    const items = Array.isArray(value) ? value : [];
    const { min_items: low, max_items: high } = field.constraints ?? {};
    if (outside(items.length, low, high)) return [{ path, kind: 'items', low, high }];
    return items.flatMap((item, index) => checkOne(model, field, item, `${path}.${index}`, true));
  });
}

/** What the server would refuse in this request, as far as the model tells. Takes values that are compact. */
export function validate(model: Model, action: ActionModel, values: Values): Problem[] {
  const problems = checkFields(model, action.input, values, '');
  const sets = action.requireOneOf;
  if (sets && !sets.some((set) => set.every((name) => values[name] !== undefined))) {
    problems.push({ path: sets.map((set) => set.join('+')).join(' | '), kind: 'one-of' });
  }
  return problems;
}
