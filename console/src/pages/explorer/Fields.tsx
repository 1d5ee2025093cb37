import { type FieldModel, type Json, model, type Values } from '../../explorer/model';
import type { Problem } from '../../explorer/validate';
import { useText } from '../../i18n';
import { Button } from '../../ui/Button';
import { problemText } from './problem';
import { Scalar } from './Scalar';

interface Props {
  fields: FieldModel[];
  values: Values;
  path: string;
  problems: Problem[];
  onChange: (values: Values) => void;
}

/** The form of an object, made from the model; objects inside make forms inside. */
export function Fields({ fields, values, path, problems, onChange }: Props) {
  const set = (name: string, value: Json) => onChange({ ...values, [name]: value });
  return (
    <>
      {fields.map((field) => {
        const at = path ? `${path}.${field.name}` : field.name;
        const value = values[field.name];
        if (field.list) {
          return <List key={field.name} field={field} value={Array.isArray(value) ? value : []} path={at} problems={problems} onChange={(next) => set(field.name, next)} />;
        }
        if (field.type === 'Object') {
          return (
            <fieldset key={field.name} className="field nested">
              <legend className="field-label">
                {field.name}
                {field.required && ' *'}
              </legend>
              <div className="field-hint">{field.desc}</div>
              <Wrong path={at} problems={problems} />
              <Fields fields={model.objects[field.object ?? ''] ?? []} values={isObject(value) ? value : {}} path={at} problems={problems} onChange={(next) => set(field.name, next)} />
            </fieldset>
          );
        }
        return <Scalar key={field.name} field={field} value={value ?? null} path={at} problems={problems} onChange={(next) => set(field.name, next)} />;
      })}
    </>
  );
}

/** What is wrong with a list or an object as a whole. */
function Wrong({ path, problems }: { path: string; problems: Problem[] }) {
  const text = useText();
  const problem = problems.find((one) => one.path === path);
  return problem ? (
    <div className="field-error" role="alert">
      {problemText(problem, text)}
    </div>
  ) : null;
}

function isObject(value: Json | undefined): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function List(props: { field: FieldModel; value: Json[]; path: string; problems: Problem[]; onChange: (value: Json[]) => void }) {
  const { field, value, path, problems, onChange } = props;
  const text = useText();
  const most = field.constraints?.max_items ?? 100;
  const set = (index: number, next: Json) => onChange(value.map((one, at) => (at === index ? next : one)));
  return (
    <fieldset className="field nested">
      <legend className="field-label">
        {field.name}
        {field.required && ' *'}
      </legend>
      <div className="field-hint">{field.desc}</div>
      <Wrong path={path} problems={problems} />
      {value.map((one, index) => (
        <div className="nested-row" key={index}>
          {field.type === 'Object' ? (
            <Fields fields={model.objects[field.object ?? ''] ?? []} values={isObject(one) ? one : {}} path={`${path}.${index}`} problems={problems} onChange={(next) => set(index, next)} />
          ) : (
            <Scalar item field={field} value={one} path={`${path}.${index}`} problems={problems} onChange={(next) => set(index, next)} />
          )}
          <Button kind="danger-link" onClick={() => onChange(value.filter((_, at) => at !== index))}>
            {text.common.remove}
          </Button>
        </div>
      ))}
      <div>
        <Button size="small" disabled={value.length >= most} onClick={() => onChange([...value, field.type === 'Object' ? {} : null])}>
          {text.explorer.addItem}
        </Button>
      </div>
    </fieldset>
  );
}
