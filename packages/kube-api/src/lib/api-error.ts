/** A refusal by the API server, or what came instead of an answer (status 0). */
export class ApiError extends Error {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /**
   * Kubernetes' own word: NotFound, Conflict, Expired, Forbidden … With status 0: Unreachable where there was no connection or
   * it broke, Timeout where nothing more of a list or a watch came, NoCluster.
   */
  readonly reason: string;

  constructor(status: number, reason: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
  }
}

/** It is not there. */
export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

/** Another object of that name, or another version of it than was expected. */
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.status === 409;

/** The resource version that a list or a watch wanted to go on from is not kept any more. */
export const isExpired = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 410 || error.reason === 'Expired');

/** It may not be read, or is not there: its Role went with its namespace, or its definition is not installed. */
export const isRefusal = (error: unknown): error is ApiError =>
  error instanceof ApiError && (error.status === 403 || error.status === 404);
