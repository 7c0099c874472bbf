/**
 * The rules that a delivered stream of events holds, by name: one table for the validator, its tests and docs/validation.md.
 *
 * - `stream`: about the stream itself. Every reading holds them, whatever the bytes were.
 * - `reader`: ordering sees to them. A stream breaks one only through a defect of the reader, or after a rule of the program was broken.
 * - `program`: a sound runtime holds them and the reference reader does not look; a damaged file, or one that is not from a runtime, may break them.
 *
 * Up to Go 1.21 ordering sees to less: there the rules of the reader count as the program's.
 */
export type RuleClass = "stream" | "reader" | "program";
type Rule = {
  readonly of: RuleClass;
  readonly text: string;
  /** What the reference reader itself delivers otherwise, and of which versions. */
  readonly except?: string;
};

const table = {
  "start-once": {
    of: "stream",
    text: "`start` comes once, before everything else, with a known version and an origin that is not negative.",
    except: "Up to 1.21 the origin is -1: clocks begin with the trace there, and the Sync lies 1 ns before its first event.",
  },
  "tables-first": {
    of: "stream",
    text: "Each Sync follows a `generation` call directly, and each `generation` call is followed by a Sync; the first event is a Sync at time 0.",
  },
  "time-rises": { of: "stream", text: "Times are whole nanoseconds below 2^53 and rise strictly." },
  "sync-number": { of: "stream", text: "Syncs are numbered 1, 2, 3 … and have no context and no stack." },
  "generation-rises": { of: "stream", text: "Numbers of generations rise; that of the closing call may repeat." },
  "clock-snapshot": {
    of: "program",
    text: "From Go 1.25 on each generation has a clock snapshot with times that are not 0; trace and monotonic clock rise.",
    except: "The closing Sync has none.",
  },
  fields: {
    of: "stream",
    text: "Kinds, states, names and scopes are those of the model; what a kind does not use is 0; numbers are whole.",
  },
  "string-exists": { of: "stream", text: "String ids are in the tables of the generation." },
  "stack-exists": { of: "stream", text: "Stack ids are in the tables of the generation." },
  "frames-complete": { of: "program", text: "Every frame but the leaf has function, file, line and program counter." },
  outcome: { of: "stream", text: "The outcome counts what was delivered; without an error the last event is a Sync." },
  context: {
    of: "reader",
    text: "An event names the processor and the goroutine that its thread had after the event before on that thread.",
    except:
      "From 1.22: the status of a goroutine in a system call names its own thread, but the processor (of a thread that was not known, the goroutine too) of the thread that tells it; " +
      "a goroutine that ends in a system call names the processor that it has just lost. " +
      "Up to 1.21 processors have contexts, not threads: an event names the thread and the goroutine of its processor; a goroutine that starts is its own context; " +
      "a processor whose goroutine is in a system call may have left it; wake-ups by the network or a timer and ends of system calls stand on processors 1000001–1000003, the begin of a collection on 1000004, without a thread; " +
      "where the thread is not known, system calls and labelled starts say thread 0.",
  },
  "go-edge": { of: "reader", text: "A goroutine goes from state to state as in the table of transitions." },
  "go-from": {
    of: "reader",
    text: "A goroutine leaves the state that it is in; one that is not known does not exist, or is undetermined.",
    except: "Up to 1.21 a system call in which a CPU sample fell counts as one that did not block, and ends once more where it did.",
  },
  "go-cause": {
    of: "reader",
    text: "Thread, processor and goroutine that cause a goroutine's transition are as in the table of transitions.",
  },
  "go-one-thread": {
    of: "program",
    text: "A goroutine that runs or is in a system call is on one thread, and a thread has one goroutine.",
    except: "Up to 1.21: one processor.",
  },
  "go-status-first": {
    of: "program",
    text: "From Go 1.22 on a goroutine's first event in a generation is its status or its creation, and it has only one of them.",
    except:
      "Up to 1.21 there are no generations. A goroutine that a thread of C code created may tell its state after that (Go's own test create-syscall-reuse-thread-id).",
  },
  "go-status-place": {
    of: "program",
    text: "After the first generation the status of a goroutine that runs or is in a system call comes from the thread that it is on.",
  },
  "undetermined-early": { of: "reader", text: "Only in the first generation something comes out of the undetermined state." },
  "state-told": {
    of: "program",
    text: "Nothing goes to the undetermined state.",
    except: "Go's own reader takes the status 0, which tells no state.",
  },
  reason: { of: "reader", text: "Only a goroutine that stops running says why." },
  "stop-reason": { of: "program", text: "A goroutine that stops running and could go on says why." },
  "transition-stack": {
    of: "reader",
    text: "The stack of a goroutine that does something itself is that of the event; only its creation and its status have another, and a wake-up has none.",
  },
  "call-kept-processor": { of: "reader", text: "A system call that did not block ends on the processor that it began with." },
  "call-lost-processor": {
    of: "reader",
    text: "A system call that blocked ends after its thread has lost the processor that it began with.",
  },
  "proc-edge": { of: "reader", text: "A processor goes from state to state as in the table of transitions." },
  "proc-from": {
    of: "reader",
    text: "A processor leaves the state that it is in; one that is not known does not exist, or is undetermined.",
  },
  "proc-cause": {
    of: "reader",
    text: "A processor is started by a thread that has none, and stopped by the thread that has it or while that thread is in a system call.",
  },
  "proc-one-thread": {
    of: "program",
    text: "A processor that runs is on one thread, and a thread has one processor.",
    except: "Up to 1.21 threads are known from starts of processors only.",
  },
  "proc-status-first": {
    of: "program",
    text: "From Go 1.22 on a processor's first event in a generation is its status, and it has only one.",
    except: "Up to 1.21 there are no generations.",
  },
  "proc-status-place": {
    of: "program",
    text: "After the first generation the status of a processor that runs comes from the thread that it is on.",
  },
  "proc-number": { of: "program", text: "A processor that starts has a number below GOMAXPROCS, where that is known." },
  "range-scope": {
    of: "reader",
    text: "Ranges are on what they are about: a stop of the world and an assist on the goroutine at hand, a sweep on the processor at hand, marking on the whole.",
  },
  "range-begin": { of: "reader", text: "A range begins where it is not in progress." },
  "range-end": {
    of: "reader",
    text: "A range ends where it is in progress.",
    except: "Up to 1.21 an assist may have begun before the trace.",
  },
  "range-active": {
    of: "reader",
    text: "A range that began earlier is told once in the first generation, and later only where it is in progress.",
  },
  "range-death": { of: "program", text: "A goroutine that ends has no range in progress." },
  "stop-alone": {
    of: "program",
    text: "One goroutine at a time stops the world, and a stop ends with its kind on the goroutine that began it.",
    except: "Up to 1.21 another goroutine, or none, may end it.",
  },
  "metric-context": {
    of: "reader",
    text: "GOMAXPROCS is told by a goroutine that runs, heap figures by a thread with a processor.",
    except: "Up to 1.21 by anyone.",
  },
  "metric-value": { of: "program", text: "GOMAXPROCS is at least 1." },
  label: { of: "reader", text: "A label is that of the goroutine at hand." },
  "label-text": { of: "program", text: "A label is not empty." },
  "annotation-context": {
    of: "reader",
    text: "Tasks, regions and logs are told by a goroutine on a processor.",
    except: "Up to 1.21 by anyone.",
  },
  "task-begin": { of: "reader", text: "A task begins while none of that number is in progress; its parent is not the background task." },
  "task-number": { of: "program", text: "The background task (0) and no task (-1) never begin." },
  "task-end": {
    of: "reader",
    text: "A task ends with the type and the parent that it began with; one that did not begin here has neither.",
    except: "Up to 1.21 the end says parent 0 where there is none.",
  },
  "region-nesting": { of: "reader", text: "A region that ends is the one that began last on its goroutine, unless none is in progress." },
  "experiment-thread": { of: "reader", text: "An event of an experiment comes from a thread." },
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof table;
export const validationRules: Readonly<Record<RuleName, Rule>> = table;
