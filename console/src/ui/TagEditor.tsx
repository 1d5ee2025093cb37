import { useText } from '../i18n';
import type { Tag } from '../api/types';
import { Button } from './Button';
import { TextField } from './Field';

const kMost = 50;

export function TagEditor({ tags, onChange }: { tags: Tag[]; onChange: (tags: Tag[]) => void }) {
  const text = useText();
  const set = (index: number, change: Partial<Tag>) =>
    onChange(tags.map((tag, at) => (at === index ? { ...tag, ...change } : tag)));
  return (
    <fieldset className="field rows">
      <legend className="field-label">{text.common.tags}</legend>
      {tags.map((tag, index) => (
        <div className="row" key={index}>
          <TextField bare label={text.common.tagKey} placeholder={text.common.tagKey} value={tag.Key} onChange={(Key) => set(index, { Key })} />
          <TextField bare label={text.common.tagValue} placeholder={text.common.tagValue} value={tag.Value} onChange={(Value) => set(index, { Value })} />
          <Button kind="danger-link" onClick={() => onChange(tags.filter((_, at) => at !== index))}>
            {text.common.remove}
          </Button>
        </div>
      ))}
      <div>
        <Button size="small" disabled={tags.length >= kMost} onClick={() => onChange([...tags, { Key: '', Value: '' }])}>
          {text.common.addTag}
        </Button>
      </div>
    </fieldset>
  );
}
