import { useEffect, useRef, useState } from 'react';
import type { Tag } from '../../api/types';
import { put } from '../../api/upload';
import { useConsole } from '../../app/console';
import { useApi, useSubmit } from '../../hooks/api';
import { useText } from '../../i18n';
import { bytes, percent } from '../../lib/format';
import { Button } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { Field, SelectField, TextField } from '../../ui/Field';
import { Modal } from '../../ui/Modal';
import { TagEditor } from '../../ui/TagEditor';
import { useToast } from '../../ui/Toast';

const kDefaultSystem = 'CentOS7.16';

/** Uploads a zip, then registers it. What was uploaded is not uploaded again when only registering failed. */
export function UploadForm({ onClose }: { onClose: () => void }) {
  const text = useText();
  const toast = useToast();
  const { region } = useConsole();
  const [name, setName] = useState('');
  const [version, setVersion] = useState('');
  const [system, setSystem] = useState(kDefaultSystem);
  const [file, setFile] = useState<File | null>(null);
  const [tags, setTags] = useState<Tag[]>([]);
  const [sent, setSent] = useState(0);
  const [stored, setStored] = useState<{ file: File; key: string } | null>(null);
  const stop = useRef<AbortController | null>(null);
  const { busy, error, submit } = useSubmit();
  const systems = useApi('DescribeAssetSystems', {});
  useEffect(() => () => stop.current?.abort(), []);

  const problem =
    !name || name.length > 64 || !version || version.length > 64
      ? text.asset.nameRange
      : !file
        ? text.asset.needsFile
        : !/\.zip$/i.test(file.name)
          ? text.asset.zipOnly
          : null;
  const send = async () => {
    if (problem || !file) return;
    const done = await submit(async (run) => {
      let key = stored?.file === file ? stored.key : null;
      if (!key) {
        key = `console/${crypto.randomUUID()}.zip`;
        const { BucketAuth, BucketName } = await run('GetUploadCredentials', { AssetRegion: region, BucketKey: key });
        stop.current = new AbortController();
        setSent(0);
        await put(`/objects/${encodeURIComponent(BucketName)}/${key}`, BucketAuth, file, setSent, stop.current.signal);
        setStored({ file, key });
      }
      const image = systems.data?.AssetSupportSys.find((one) => one.OsVersion === system);
      await run('CreateAsset', {
        BucketKey: key,
        AssetName: name,
        AssetVersion: version,
        AssetRegion: region,
        OperateSystem: system,
        ...(system !== kDefaultSystem && image ? { ImageId: image.ImageId } : {}),
        ...(tags.length > 0 ? { Tags: tags } : {}),
      });
    });
    if (!done) return;
    toast(text.common.createdDone);
    onClose();
  };
  const versions = [...new Set([kDefaultSystem, ...(systems.data?.AssetSupportSys ?? []).map((one) => one.OsVersion)])];
  return (
    <Modal
      title={text.asset.create}
      onClose={onClose}
      footer={
        <>
          {problem && <span className="form-problem">{problem}</span>}
          <Button onClick={onClose}>{busy ? text.asset.stop : text.common.cancel}</Button>
          <Button kind="primary" busy={busy} disabled={Boolean(problem)} onClick={() => void send()}>
            {error ? text.common.retry : text.common.ok}
          </Button>
        </>
      }
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <TextField label={text.common.name} required value={name} onChange={setName} />
        <TextField label={text.asset.version} required value={version} onChange={setVersion} placeholder="v1" />
        <SelectField label={text.fleet.os} value={system} onChange={setSystem} options={versions.map((value) => ({ value, label: value }))} />
        <Field label={text.asset.file} required hint={text.asset.fileHint}>
          <input className="select file" type="file" accept=".zip,application/zip" onChange={(event) => (setFile(event.target.files?.[0] ?? null), setSent(0))} />
        </Field>
        {file && (busy || sent > 0) && (
          <div className="upload" role="status">
            <progress className="meter-bar" aria-label={text.asset.progress} max={Math.max(file.size, 1)} value={sent} />
            <span>
              {percent(sent, file.size)} % · {bytes(sent)} / {bytes(file.size)}
            </span>
          </div>
        )}
        <TagEditor tags={tags} onChange={setTags} />
        {error && <ErrorBox error={error} />}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Modal>
  );
}
