/** A root whose key lives on a medium of its own: where the medium may be, and what lies on it. */

import { realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'

import type { Authority } from './authority.ts'
import { createFile, makeDirectory } from './durable-file.ts'
import { CertificateError } from './errors.ts'
import { refuseForeignDirectory } from './guarded-file.ts'
import type { PairPaths } from './pair-files.ts'
import { authorityPaths } from './store-layout.ts'
import { systemErrorCode } from './system-error.ts'

/** Refuses a place inside the state directory: whoever takes the gateway, or its backup, would have the root with it. */
export function refuseInsideState(offlineRootDir: string, stateDir: string): void {
  const inside = relative(realPlace(stateDir), realPlace(offlineRootDir))
  if (inside.startsWith('..') || isAbsolute(inside)) return
  throw new CertificateError(
    `${offlineRootDir} lies in the state directory ${stateDir}: the offline root belongs on a medium of its own, so that nobody who gets the gateway gets the root`,
    { path: offlineRootDir },
  )
}

/** Puts the key of a new root on the medium, with its certificate so that it can be told later what the key is for. */
export function storeOfflineRoot(offlineRootDir: string, root: Authority): PairPaths {
  makeDirectory(offlineRootDir)
  refuseForeignDirectory(offlineRootDir, missing(offlineRootDir))
  const paths = authorityPaths(offlineRootDir, root.role, root.certificate.serialNumber)
  createFile(paths.key, root.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  createFile(paths.certificate, root.certificatePem)
  return paths
}

/** Where the key of this root is looked for: under its serial, or as the `root.key` that was moved out of a store. */
export function offlineKeyPaths(offlineRootDir: string, serial: string): readonly string[] {
  refuseForeignDirectory(offlineRootDir, missing(offlineRootDir))
  return [authorityPaths(offlineRootDir, 'root-ca', serial).key, join(offlineRootDir, 'root.key')]
}

function missing(path: string): string {
  return `there is no directory ${path}: mount the medium that holds the root, and give the directory on it`
}

/** Where the path leads once all links are followed, also for one that is not there yet. */
function realPlace(path: string): string {
  const absolute = resolve(path)
  try {
    return realpathSync(absolute)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT' || dirname(absolute) === absolute) return absolute
    return join(realPlace(dirname(absolute)), basename(absolute))
  }
}
