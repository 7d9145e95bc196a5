/** A process apart, so that its CPU is its own: the parent asks, it answers, one question at a time. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { getPriority, setPriority } from 'node:os'

export interface Worker {
  ask<Reply>(question: string, detail?: unknown): Promise<Reply>
  /** Holds the process where it stands, as a machine does that is still starting, and lets it go on. */
  hold(): void
  release(): void
  stop(): Promise<void>
}

interface Question {
  readonly question: string
  readonly detail: unknown
}

interface Answer {
  readonly reply?: unknown
  readonly failure?: string
}

/** `WARDGATE_BENCH_PROFILE=broker-server` writes a CPU profile of that worker into the working directory. */
function profileFlags(file: string): readonly string[] {
  const wanted = process.env['WARDGATE_BENCH_PROFILE']
  return wanted !== undefined && file.includes(wanted) ? ['--cpu-prof', '--cpu-prof-dir=.'] : []
}

/** `niceness` above 0 lets others go first: on two cores the load must not take the time of what is measured. */
export function startWorker(file: string, niceness = 0): Worker {
  const child = fork(new URL(file, import.meta.url), {
    execArgv: ['--expose-gc', ...profileFlags(file)],
  })
  if (child.pid !== undefined && niceness > 0) setPriority(child.pid, getPriority() + niceness)
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} ended with ${String(code)} before it had answered`)
  })
  ended.catch(() => undefined)
  return {
    async ask<Reply>(question: string, detail?: unknown) {
      const answered = once(child, 'message')
      child.send({ question, detail })
      const [answer] = (await Promise.race([answered, ended])) as [Answer]
      if (answer.failure !== undefined) throw new Error(`${file}: ${question}: ${answer.failure}`)
      return answer.reply as Reply
    },
    hold: () => child.kill('SIGSTOP'),
    release: () => child.kill('SIGCONT'),
    async stop() {
      child.disconnect()
      await ended.catch(() => undefined)
    },
  }
}

export type Answers = Readonly<Record<string, (detail: never) => unknown>>

/** The other side: answers until the parent lets go. */
export function answerParent(answers: Answers): void {
  process.on('message', (message) => {
    const { question, detail } = message as Question
    const reply = async (): Promise<Answer> => {
      try {
        return { reply: await answers[question]?.(detail as never) }
      } catch (error) {
        return { failure: String(error) }
      }
    }
    void reply().then((answer) => process.send?.(answer))
  })
  process.on('disconnect', () => process.exit(0))
}

/** Milliseconds of CPU that this process has used, all its threads together. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
