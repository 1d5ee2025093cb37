import { ApiError } from './error';

/** Sends a file in one PUT and reports the bytes that left. Resolves once the server has stored it. */
export function put(
  path: string,
  authorization: string,
  file: Blob,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', path);
    request.setRequestHeader('Authorization', authorization);
    request.setRequestHeader('Content-Type', 'application/zip');
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(new ApiError('UploadFailed', `HTTP ${request.status}: ${request.responseText.slice(0, 500)}`));
    };
    request.onerror = () => reject(new ApiError('Network', 'The upload broke off'));
    request.onabort = () => reject(new ApiError('Aborted', 'The upload was stopped'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}
