import { describeEndurance } from '../../support/conformance/endurance-tests.ts'
import { SUBJECTS } from '../../support/registry-subjects.ts'

for (const subject of SUBJECTS) describeEndurance(subject)
