/** MQTT topics and filters as sets: which filter is well formed, and which lies wholly inside another. */

/** [MQTT-4.7.3-1, -2]: at least one character, no U+0000; [MQTT-3.3.2-2]: no wildcard in the name of a topic. */
export function isTopic(text: string): boolean {
  return isText(text) && !text.includes('+') && !text.includes('#')
}

/** [MQTT-4.7.1-2, -3]: `#` only as the whole last level, `+` only as a whole level. */
export function isFilter(text: string): boolean {
  if (!isText(text)) return false
  const levels = text.split('/')
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1
    return level === '+' || !(level.includes('#') || level.includes('+'))
  })
}

/**
 * True when every topic that `filter` can match is matched by `scope` too. Both must be well formed.
 * A topic is a filter that matches itself alone, so this also answers whether `scope` matches a topic.
 */
export function filterWithin(filter: string, scope: string): boolean {
  const inner = filter.split('/')
  const outer = scope.split('/')
  // [MQTT-4.7.2-1]: a leading wildcard does not match topics that begin with $.
  if (isWildcard(outer[0]) && filter.startsWith('$')) return false
  for (const [index, allowed] of outer.entries()) {
    // [MQTT-4.7.1-2]: `#` also stands for the parent level, so it may begin where the inner filter ends.
    if (allowed === '#') return true
    const level = inner[index]
    if (level === undefined || level === '#') return false
    if (allowed !== '+' && allowed !== level) return false
  }
  return inner.length === outer.length
}

function isText(text: string): boolean {
  return text.length > 0 && !text.includes('\u0000')
}

function isWildcard(level: string | undefined): boolean {
  return level === '+' || level === '#'
}
