/** MQTT 3.1.1 section 4.7: which topics a filter selects. */

export function matchesFilter(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const levels = topic.split('/')
  // [MQTT-4.7.2-1] a wildcard in front does not reach the topics of the server.
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false
  for (const [depth, want] of wanted.entries()) {
    // [MQTT-4.7.1-2] '#' stands for its parent and everything below.
    if (want === '#') return true
    if (depth >= levels.length || (want !== '+' && want !== levels[depth])) return false
  }
  return wanted.length === levels.length
}
