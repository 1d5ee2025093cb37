/** The newest `size` values of something that never ends. */
export function push<T>(values: readonly T[], next: T, size: number): T[] {
  return values.length < size ? [...values, next] : [...values.slice(values.length - size + 1), next];
}
