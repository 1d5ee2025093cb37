import { Input } from 'tdesign-react/es/input';
import { Textarea } from 'tdesign-react/es/textarea';
import type { ReactNode } from 'react';

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | null;
  required?: boolean;
  /** Whether the label is there for screen readers only. */
  bare?: boolean;
  children: ReactNode;
}

/** A label around its control, what the control wants, and what is wrong with it. */
export function Field({ label, hint, error, required, bare, children }: FieldProps) {
  return (
    <div className={bare ? 'field field-bare' : 'field'}>
      <label>
        <span className={bare ? 'unseen' : 'field-label'}>
          {label}
          {required && (
            <span className="required" aria-hidden>
              {' *'}
            </span>
          )}
        </span>
        {children}
      </label>
      {error ? (
        <div className="field-error" role="alert">
          {error}
        </div>
      ) : (
        hint && <div className="field-hint">{hint}</div>
      )}
    </div>
  );
}

interface TextProps extends Omit<FieldProps, 'children'> {
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
  type?: 'text' | 'password' | 'search';
  lines?: number;
  autocomplete?: string;
  maxlength?: number;
}

export function TextField({ value, onChange, placeholder, type, lines, autocomplete, maxlength, ...field }: TextProps) {
  const status = field.error ? 'error' : 'default';
  return (
    <Field {...field}>
      {lines ? (
        <Textarea
          value={value}
          onChange={(next) => onChange(String(next))}
          placeholder={placeholder ?? ''}
          rows={lines}
          status={status}
        />
      ) : (
        <Input
          value={value}
          onChange={(next) => onChange(String(next))}
          placeholder={placeholder ?? ''}
          type={type ?? 'text'}
          status={status}
          autocomplete={autocomplete ?? 'off'}
          {...(maxlength ? { maxlength } : {})}
        />
      )}
    </Field>
  );
}

interface NumberProps extends Omit<FieldProps, 'children'> {
  value: number | null;
  onChange: (value: number | null) => void;
  unit?: string;
  placeholder?: string;
}

/** A whole number, or nothing. */
export function NumberField({ value, onChange, unit, placeholder, ...field }: NumberProps) {
  return (
    <Field {...field}>
      <Input
        type="number"
        value={value === null ? '' : String(value)}
        onChange={(next) => onChange(next === '' || Number.isNaN(Number(next)) ? null : Math.trunc(Number(next)))}
        suffix={unit ?? ''}
        placeholder={placeholder ?? ''}
        status={field.error ? 'error' : 'default'}
      />
    </Field>
  );
}

interface SelectProps extends Omit<FieldProps, 'children'> {
  value: string;
  onChange: (value: string) => void;
  options: { value: string; label: string; disabled?: boolean }[];
  placeholder?: string;
  disabled?: boolean;
}

/** The browser's own list: every keyboard, screen reader and phone knows it. */
export function SelectField({ value, onChange, options, placeholder, disabled, ...field }: SelectProps) {
  return (
    <Field {...field}>
      <select className="select" value={value} disabled={disabled} onChange={(event) => onChange(event.target.value)}>
        {placeholder !== undefined && <option value="">{placeholder}</option>}
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  );
}

export function CheckField(props: { label: string; checked: boolean; onChange: (checked: boolean) => void; hint?: ReactNode }) {
  return (
    <div className="field">
      <label className="check">
        <input type="checkbox" checked={props.checked} onChange={(event) => props.onChange(event.target.checked)} />
        <span>{props.label}</span>
      </label>
      {props.hint && <div className="field-hint">{props.hint}</div>}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: { value: string; label: string; hint?: string }[];
}

/** A few choices, all in sight. */
export function ChoiceField({ label, value, onChange, options }: ChoiceProps) {
  return (
    <fieldset className="field choices">
      <legend className="field-label">{label}</legend>
      {options.map((option) => (
        <label key={option.value} className={option.value === value ? 'choice choice-on' : 'choice'}>
          <input type="radio" checked={option.value === value} onChange={() => onChange(option.value)} />
          <span>
            {option.label}
            {option.hint && <small>{option.hint}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
