import type { FieldModel, Json } from '../../explorer/model';
import type { Problem } from '../../explorer/validate';
import { useText } from '../../i18n';
import { SelectField, TextField } from '../../ui/Field';
import { problemText } from './problem';

interface Props {
  field: FieldModel;
  value: Json;
  path: string;
  problems: Problem[];
  item?: boolean;
  onChange: (value: Json) => void;
}

/** Text becomes what the field wants; text that cannot is kept, so that the check can say so. */
export function parse(field: FieldModel, text: string): Json {
  if (text === '') return null;
  if (field.type === 'Integer' || field.type === 'Float') {
    const number = Number(text);
    return Number.isFinite(number) ? number : text;
  }
  if (field.type === 'Boolean') return text === 'true';
  return text;
}

export function Scalar({ field, value, path, problems, item, onChange }: Props) {
  const text = useText();
  const problem = problems.find((one) => one.path === path);
  const words = item ? field.constraints?.item_enum : field.constraints?.enum;
  const unit = field.constraints?.unit;
  const common = {
    label: `${field.name}${unit ? ` (${unit})` : ''}`,
    required: field.required,
    bare: item,
    hint: item ? undefined : `${field.desc}${field.obsolete ? ` · ${text.explorer.obsolete}` : ''}`,
    error: problem ? problemText(problem, text) : null,
    value: value === null ? '' : String(value),
    onChange: (next: string) => onChange(parse(field, next)),
  };
  if (words && !field.constraints?.open_enum) {
    return <SelectField {...common} placeholder="–" options={words.map((word) => ({ value: String(word), label: String(word) }))} />;
  }
  if (field.type === 'Boolean') {
    return <SelectField {...common} placeholder="–" options={['true', 'false'].map((word) => ({ value: word, label: word }))} />;
  }
  const fallback = field.constraints?.default;
  return <TextField {...common} placeholder={field.example ?? (fallback === undefined || fallback === null ? '' : String(fallback))} />;
}
