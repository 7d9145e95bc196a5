/** The `code` of what Node throws ('ENOENT'), or undefined. Never `instanceof`: realms differ. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
