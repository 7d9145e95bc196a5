// The last lines of a test run: each skipped test by name, so that none is skipped quietly, and the count.

export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    for (const suite of results.testResults) {
      for (const test of suite.testResults) {
        if (test.status === 'pending') process.stdout.write(`SKIPPED: ${test.fullName}\n`)
      }
    }
    const { numPassedTests, numFailedTests, numPendingTests } = results
    process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`)
  }
}
