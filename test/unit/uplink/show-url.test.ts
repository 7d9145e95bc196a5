import { expect, it } from '@jest/globals'
import { showUrl } from '../../../gateway/uplink/refusals.ts'

it.each([
  ['mqtts://10.0.0.1:8883', 'mqtts://10.0.0.1:8883'],
  ['mqtts://user:hunter2@10.0.0.1', 'mqtts://[redacted]@10.0.0.1'],
  ['mqtts://user:hunter2/@10.0.0.1', 'mqtts://[redacted]@10.0.0.1'],
  ['mqtts:user:hunter2@10.0.0.1', '[redacted]@10.0.0.1'],
  ['user:hunter2@10.0.0.1', '[redacted]@10.0.0.1'],
  ['mqtts://10.0.0.1?password=hunter2', 'mqtts://10.0.0.1'],
  ['mqtts://10.0.0.1#hunter2', 'mqtts://10.0.0.1'],
  ['mqtts://a@b\n:hunter2@10.0.0.1', 'mqtts://[redacted]@10.0.0.1'],
])('%j is shown as %j', (url, shown) => {
  expect(showUrl(url)).toBe(shown)
})

it('a URL is never shown longer than a log line bears', () => {
  expect(showUrl(`mqtts://${'a'.repeat(5_000)}`)).toHaveLength(200)
})
