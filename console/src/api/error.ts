/** A refusal of the API, or a request that never got an answer (code `Network`). */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly requestId: string = '',
    readonly action: string = '',
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError('Client', error instanceof Error ? error.message : String(error));
}

/** Whether a server simply does not offer this action: its part of a page is left out then. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 'InvalidAction' || error.code === 'UnsupportedOperation.Missing');
}

/** Reads `{"Response":{…}}`; throws what an error in it says. */
export function unwrap<T>(body: unknown, action: string): T {
  const response = (body as { Response?: Record<string, unknown> } | null)?.Response;
  if (!response || typeof response !== 'object') {
    throw new ApiError('InvalidResponse', 'The answer is not one of the API', '', action);
  }
  const failure = response['Error'] as { Code?: string; Message?: string } | undefined;
  if (failure) {
    throw new ApiError(
      failure.Code ?? 'InternalError',
      failure.Message ?? '',
      typeof response['RequestId'] === 'string' ? response['RequestId'] : '',
      action,
    );
  }
  return response as T;
}
