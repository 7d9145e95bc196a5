import { readFileSync } from 'node:fs'

/** Name and version as package.json has them. */
export const software: { readonly version: string; readonly name: string } = read()

function read(): { version: string; name: string } {
  // Sources lie one folder below package.json, compiled files two.
  for (const above of ['../package.json', '../../package.json']) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL(above, import.meta.url), 'utf8'))
      if (isPackage(parsed) && parsed.name === 'wardgate')
        return { version: parsed.version, name: parsed.name }
    } catch {
      continue
    }
  }
  return { version: 'unknown', name: 'wardgate' }
}

function isPackage(value: unknown): value is { name: string; version: string } {
  return typeof value === 'object' && value !== null && 'name' in value && 'version' in value
}
