/** The word of a driver as a level of a topic: what a level may not hold becomes `-`, so that nothing is lost for its name. */

export const ID_LENGTH = 32

export function toId(word: string): string {
  const spelled = word
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, ID_LENGTH)
  return spelled === '' ? '-' : spelled
}
