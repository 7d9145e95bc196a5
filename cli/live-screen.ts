/** Draws lines over and over in one place of a terminal, or as plain blocks where there is no terminal. */

const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'
const HOME = '\u001B[H'
const CLEAR_TO_END_OF_LINE = '\u001B[K'
const CLEAR_BELOW = '\u001B[J'

export interface LiveScreen {
  readonly style: 'ansi' | 'plain'
  readonly columns: number
  draw(lines: readonly string[]): void
  close(): void
}

/** On a terminal the alternate screen is used, so that what was there before comes back at the end. */
export function openLiveScreen(output: NodeJS.WriteStream): LiveScreen {
  if (!output.isTTY) {
    return {
      style: 'plain',
      columns: 120,
      draw: (lines) => output.write(`${lines.join('\n')}\n\n`),
      close: () => undefined,
    }
  }
  output.write(ENTER)
  const leave = (): void => {
    output.write(LEAVE)
  }
  process.once('exit', leave)
  return {
    style: 'ansi',
    get columns() {
      return output.columns
    },
    draw(lines) {
      const visible = lines.slice(0, Math.max(1, output.rows - 1))
      output.write(HOME + visible.map((line) => line + CLEAR_TO_END_OF_LINE).join('\n') + CLEAR_BELOW)
    },
    close() {
      process.off('exit', leave)
      leave()
    },
  }
}
