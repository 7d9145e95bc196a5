import type { CounterName, Counters, EventSink } from '../../gateway/ports.ts'

/** Remembers events as `event detail`, in order. */
export class RecordingEvents implements EventSink {
  readonly all: {
    readonly eventClass: string
    readonly event: string
    readonly detail: Readonly<Record<string, string | number | boolean>>
  }[] = []

  emit(...[eventClass, event, detail]: Parameters<EventSink['emit']>): void {
    this.all.push({ eventClass, event, detail })
  }

  named(event: string): readonly Readonly<Record<string, string | number | boolean>>[] {
    return this.all.filter((entry) => entry.event === event).map((entry) => entry.detail)
  }
}

/** Adds up by name and label values: `discarded_frames_total checksum`. */
export class RecordingCounters implements Counters {
  readonly totals: Record<string, number> = {}

  count(name: CounterName, labels: Readonly<Record<string, string>> = {}): void {
    const key = [name, ...Object.values(labels)].join(' ')
    this.totals[key] = (this.totals[key] ?? 0) + 1
  }

  observeLatencyMs(): void {
    // Latency is observed where readings are published, not here.
  }
}
