import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../dist/cli/wardgate.js', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly finished: Promise<Finished>
  /** Resolves with what was written so far as soon as it matches. */
  seen(pattern: RegExp): Promise<string>
}

/** Starts the compiled command as a user would. */
export function startWardgate(args: readonly string[], cwd?: string): Running {
  return watchProcess(spawn(process.execPath, [bin, ...args], { cwd, stdio: ['pipe', 'pipe', 'pipe'] }))
}

/** Runs the compiled command to its end. */
export async function wardgate(args: readonly string[], cwd?: string): Promise<Finished> {
  const running = startWardgate(args, cwd)
  running.child.stdin.end()
  return running.finished
}

export function watchProcess(child: ChildProcessByStdio<Writable, Readable, Readable>): Running {
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  const wake = (): void => {
    for (const look of waiting) look()
  }
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    wake()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    wake()
  })
  // Writing to a command that has ended already is its answer, not a fault of the test.
  child.stdin.on('error', () => undefined)
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({ code, stdout, stderr })
    })
  })
  return {
    child,
    finished,
    async seen(pattern) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(stdout + stderr)) return
          waiting.delete(look)
          resolve(stdout + stderr)
        }
        waiting.add(look)
        look()
        void finished.then(({ code }) => {
          reject(new Error(`ended with ${code} before ${String(pattern)} was seen:\n${stdout}${stderr}`))
        })
      })
    },
  }
}
