import { useState } from 'react';
import type { Tag } from '../api/types';
import { useText } from '../i18n';
import { FormModal } from './FormModal';
import { TagEditor } from './TagEditor';

/** Changes the tags of anything that has an ARN. */
export function TagsModal({ arn, tags, onClose }: { arn: string; tags: Tag[]; onClose: () => void }) {
  const text = useText();
  const [next, setNext] = useState<Tag[]>(tags);
  const twice = new Set(next.map((tag) => tag.Key)).size < next.length;
  const problem = next.some((tag) => tag.Key === '') ? text.common.tagNeedsKey : twice ? text.common.tagTwice : null;
  return (
    <FormModal
      title={text.common.editTags}
      done={text.common.saved}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        const gone = tags.filter((tag) => !next.some((one) => one.Key === tag.Key)).map((tag) => tag.Key);
        const changed = next.filter((tag) => !tags.some((one) => one.Key === tag.Key && one.Value === tag.Value));
        if (gone.length > 0) await run('UntagResource', { Resource: arn, TagKeys: gone });
        if (changed.length > 0) await run('TagResource', { Resource: arn, Tags: changed });
      }}
    >
      <TagEditor tags={next} onChange={setNext} />
    </FormModal>
  );
}
