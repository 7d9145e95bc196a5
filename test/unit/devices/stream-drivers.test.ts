import { describeDriver } from '../../support/conformance/driver-tests.ts'
import { SUBJECTS } from '../../support/registry-subjects.ts'

for (const subject of SUBJECTS) describeDriver(subject)
